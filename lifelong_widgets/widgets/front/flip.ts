/** First, last, invert, play: elements travel from where they were to where they now are. */
import { reducedMotion } from "./dom";

const DURATION = 360;

/** Remembers where `elements` are; the function returned plays the way to where they then are. */
export function flip(elements: Iterable<HTMLElement>): (after: Iterable<HTMLElement>) => void {
  if (reducedMotion()) return () => {};
  const before = new Map<HTMLElement, number>();
  for (const element of elements) before.set(element, element.getBoundingClientRect().top);
  return (after) => {
    const moves: [HTMLElement, Keyframe[]][] = [];
    for (const element of after) {
      for (const running of element.getAnimations()) running.cancel();
      const from = before.get(element);
      if (from === undefined) moves.push([element, [{ opacity: 0 }, { opacity: 1 }]]);
      else {
        const distance = from - element.getBoundingClientRect().top;
        if (Math.abs(distance) >= 1)
          moves.push([element, [{ transform: `translateY(${distance}px)` }, { transform: "none" }]]);
      }
    }
    // All places are read before anything is written: one layout, not one a card.
    for (const [element, frames] of moves)
      element.animate(frames, { duration: DURATION, easing: "cubic-bezier(.2, .7, .2, 1)" });
  };
}

/** Puts `elements` in order inside `list` and drops the rest. The focused one is never moved, so it keeps the focus. */
export function arrange(list: HTMLElement, elements: HTMLElement[]): void {
  const keep = new Set<Element>(elements);
  for (const child of [...list.children]) if (!keep.has(child)) child.remove();
  const active = (list.getRootNode() as Document | ShadowRoot).activeElement;
  let next = list.firstElementChild;
  for (const element of elements) {
    // Whatever still stands before the focused one goes behind it, and is fetched when its turn comes.
    while (element !== next && element.contains(active)) {
      const stray = next as Element;
      next = stray.nextElementSibling;
      list.append(stray);
    }
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
}
