/** A polite live region that does not stammer: of many words in a row, the first and the last are said. */
import { h, setText } from "./dom";

const PAUSE = 1_000;

export class Announcer {
  readonly element = h("div", { class: "llw-live-region", "aria-live": "polite" });
  private next: string | null = null;
  private timer = 0;

  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  say(text: string): void {
    if (this.timer) this.next = text;
    else this.speak(text);
  }

  private speak(text: string): void {
    setText(this.element, text);
    this.next = null;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.next !== null) this.speak(this.next);
    }, PAUSE);
  }
}
