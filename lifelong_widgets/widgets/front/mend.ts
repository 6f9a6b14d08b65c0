/** What the host's own controls lack, put right from outside and kept right while they change. */
export function mendControls(box: HTMLElement, signal: AbortSignal): void {
  const mend = () => {
    // A single letter typed on a control is not a command of the notebook.
    for (const control of box.querySelectorAll("button, .noUi-handle"))
      if (!control.hasAttribute("data-lm-suppress-shortcuts")) control.setAttribute("data-lm-suppress-shortcuts", "");
    // Sliders have no names, and a logarithmic one reads its exponent aloud.
    for (const slider of box.querySelectorAll(".widget-inline-hbox")) {
      const handle = slider.querySelector(".noUi-handle");
      if (!handle) continue;
      put(handle, "aria-label", slider.querySelector(".widget-label")?.textContent);
      put(handle, "aria-valuetext", slider.querySelector(".widget-readout")?.textContent);
    }
    // Which of the toggles is chosen is said by a class only.
    for (const toggle of box.querySelectorAll(".widget-toggle-button"))
      put(toggle, "aria-pressed", String(toggle.classList.contains("mod-active")));
  };
  const observer = new MutationObserver(mend);
  observer.observe(box, {
    childList: true,
    subtree: true,
    characterData: true,
    attributeFilter: ["aria-valuetext", "class"],
  });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  mend();
}

function put(element: Element, name: string, value: string | null | undefined): void {
  if (value && element.getAttribute(name) !== value) element.setAttribute(name, value);
}
