/** One card of the list. It is built once; what it shows, and even of which item, is then brought up to date. */
import { h, setText } from "./dom";
import { isolated, type Language } from "./i18n";
import { icon } from "./icons";
import { Disclosure } from "./why";

export interface CardData {
  /** The item's place in the catalogue: a name that survives JavaScript's numbers. */
  key: number;
  rank: number;
  title: string;
  categories: string[];
  score: number;
  /** The score between the worst (0) and the best (1) on the list. */
  bar: number;
  reason: string;
  /** Which of our own sentences the reason is, to be said in the reader's language; another learner's has none. */
  why?: string | null;
  /** The title that the sentence names, or "". */
  cause?: string;
  /** How many places the click moved it up (negative: down); null if it is new here. */
  move: number | null;
  /** The kinds of feedback that this person has already given it. */
  given: string[];
}

/** The key that opens and closes what a score is made of. */
export const WHY = "w";

/** Kinds of feedback that have a button, and the key of each. */
export const KEYS: Record<string, string> = { like: "l", dislike: "d", view: "o", purchase: "b", skip: "s" };

export class Card {
  readonly element: HTMLLIElement;
  /** All that can have the focus, in its order: "why?", and those of the kinds. */
  readonly buttons: HTMLButtonElement[];
  readonly why: Disclosure;
  private readonly kinds: HTMLButtonElement[];
  private readonly rank = h("span", { class: "llw-rank" });
  private readonly title = h("span", { class: "llw-title", dir: "auto" });
  private move = h("span", { class: "llw-move" });
  private readonly meta = h("div", { class: "llw-meta" });
  private readonly reason = h("p", { class: "llw-reason", dir: "auto" });
  private readonly bar = h("i");

  /** The item that it shows now. */
  key = -1;

  constructor(actions: string[], act: (kind: string) => void, ask: () => void) {
    this.why = new Disclosure(ask);
    this.kinds = actions.map((kind) => {
      const button = h("button", { type: "button", "data-kind": kind, tabindex: -1, "data-lm-suppress-shortcuts": true });
      button.append(icon(kind));
      button.addEventListener("click", () => act(kind));
      return button;
    });
    this.buttons = [this.why.button, ...this.kinds];
    this.element = h(
      "li",
      { class: "llw-card", tabindex: -1, "data-lm-suppress-shortcuts": true },
      this.rank,
      h(
        "div",
        { class: "llw-body" },
        h("div", { class: "llw-line" }, this.title, this.move),
        this.meta,
        h("div", { class: "llw-reasons" }, this.reason, this.why.button),
        h("div", { class: "llw-bar", "aria-hidden": "true" }, this.bar),
      ),
      h("div", { class: "llw-actions" }, ...this.kinds),
      this.why.panel,
    );
  }

  update(data: CardData, words: Language): void {
    if (data.key !== this.key || data.title !== this.title.title) this.call(data, words);
    setText(this.rank, String(data.rank));
    show(this.meta, data.categories.map(isolated).join(" · "));
    show(this.reason, data.why ? words.say(`reason.${data.why}`, { title: data.cause ?? "" }) : data.reason);
    this.reason.hidden = data.reason === "";
    this.bar.style.transform = `scaleX(${(0.08 + 0.92 * data.bar).toFixed(3)})`;
    this.element.title = words.say("score.label", { score: words.number(data.score, 3) });
    this.showMove(data.move, words);
    for (const button of this.kinds)
      button.setAttribute("aria-pressed", String(data.given.includes(button.dataset.kind ?? "")));
    this.element.removeAttribute("aria-busy");
  }

  get name(): string {
    return this.title.title;
  }

  /** Puts the item's name on the card and on its buttons. */
  private call({ key, title }: CardData, words: Language): void {
    if (key !== this.key) this.why.close(); // the card shows another item now
    this.key = key;
    this.element.dataset.key = String(key);
    show(this.title, title);
    this.why.name(title, words);
    for (const button of this.kinds) {
      const kind = button.dataset.kind ?? "";
      const action = words.say(`action.${kind}`);
      button.setAttribute("aria-label", words.say("action.label", { action, title }));
      button.title = words.say("action.hint", { action, key: KEYS[kind] ?? "" });
    }
  }

  /** Shows at once that the click was taken, before the kernel answers. */
  wait(kind: string): void {
    this.element.setAttribute("aria-busy", "true");
    this.kinds.find((button) => button.dataset.kind === kind)?.setAttribute("aria-pressed", "true");
  }

  /** There is nobody to tell any more. The card can still be read. */
  disable(): void {
    for (const button of this.buttons) button.disabled = true;
  }

  private showMove(move: number | null, words: Language): void {
    // A fresh element, so that the fading starts anew.
    const fresh = h("span", { class: "llw-move" });
    if (move === null) {
      fresh.classList.add("llw-new");
      setText(fresh, words.say("move.new"));
    } else if (move !== 0) {
      const n = Math.abs(move);
      fresh.classList.add(move > 0 ? "llw-up" : "llw-down");
      fresh.setAttribute("role", "img");
      fresh.setAttribute("aria-label", words.say(move > 0 ? "move.up" : "move.down", { n }));
      setText(fresh, `${move > 0 ? "▲" : "▼"} ${n}`);
    }
    this.move.replaceWith(fresh);
    this.move = fresh;
  }
}

/** Text of which CSS may hide the end. */
function show(element: HTMLElement, text: string): void {
  setText(element, text);
  element.title = text;
}
