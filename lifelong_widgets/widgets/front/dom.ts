/** Small helpers that make elements without ever parsing markup: what a catalogue holds stays text. */
type Child = Node | string;
type Attributes = Record<string, string | number | boolean>;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== false) element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children);
  return element;
}

/** Sets the text only when it differs, so that live regions and layouts are not disturbed for nothing. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Marks a part that is a picture only, once its kernel is gone. */
export function markOff(root: HTMLElement, heading: Element, word: string): void {
  if ("llwOff" in root.dataset) return;
  root.dataset.llwOff = "";
  heading.append(h("small", { class: "llw-off" }, word));
}

export function reducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The value of a custom property where `element` stands, for canvases that CSS cannot colour. */
export function cssColour(element: Element, name: string): string {
  return getComputedStyle(element).getPropertyValue(name).trim() || "#888";
}

/** A paragraph for what the reader should know of the widget itself; it is there before its words, so they are read out. */
export function notice(): { element: HTMLElement; show: (text: string) => void } {
  const element = h("p", { class: "llw-notice", role: "status" });
  return { element, show: (text) => setText(element, text) };
}

/** A paragraph for what went wrong; empty text hides it. */
export function errorLine(): { element: HTMLElement; show: (text: string) => void } {
  const element = h("p", { class: "llw-error", role: "alert", hidden: true });
  return {
    element,
    show(text) {
      element.hidden = text === "";
      setText(element, text);
    },
  };
}
