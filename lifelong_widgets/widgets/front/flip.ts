/** First, last, invert, play: elements travel from where they were to where they now are. */
import { reducedMotion } from "./dom";

const DURATION = 360;

export class Flip {
  private running: Animation[] = [];
  private last = -Infinity;

  /**
   * Remembers where `elements` are; the function returned plays the way to where they then are. When orders come faster
   * than anybody could follow, the elements are just put there: drawing them on their way would cost more than all else.
   */
  from(elements: HTMLElement[]): (after: HTMLElement[]) => void {
    const now = performance.now();
    const hurried = elements.length > 0 && now - this.last < DURATION;
    if (elements.length > 0) this.last = now;
    if (hurried || reducedMotion()) return () => this.stop();
    const before = new Map(elements.map((element) => [element, element.getBoundingClientRect().top]));
    return (after) => {
      this.stop();
      const moves: [HTMLElement, Keyframe[]][] = [];
      for (const element of after) {
        const from = before.get(element);
        if (from === undefined) moves.push([element, [{ opacity: 0 }, { opacity: 1 }]]);
        else {
          const distance = from - element.getBoundingClientRect().top;
          if (Math.abs(distance) >= 1)
            moves.push([element, [{ transform: `translateY(${distance}px)` }, { transform: "none" }]]);
        }
      }
      // All places are read before anything is written: one layout, not one a card.
      this.running = moves.map(([element, frames]) =>
        element.animate(frames, { duration: DURATION, easing: "cubic-bezier(.2, .7, .2, 1)" }),
      );
    };
  }

  private stop(): void {
    for (const animation of this.running) animation.cancel();
    this.running = [];
  }
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
