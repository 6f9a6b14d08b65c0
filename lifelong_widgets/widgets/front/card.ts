/** One card of the list. It is built once; what it shows, and even of which item, is then brought up to date. */
import { h, setText } from "./dom";
import { isolated, type Language } from "./i18n";
import { type Kind, KindButtons } from "./kinds";
import { Disclosure } from "./why";

export interface CardData {
  /** The item's place in the catalogue: a name that survives JavaScript's numbers. */
  key: number;
  rank: number;
  title: string;
  categories: string[];
  score: number;
  /** The softmax of the scores, as a share of that of the first: 1 is as likely as the best on the list. */
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

/** How long a bar is at least, so that one sees that it is a bar. */
const LEAST = 0.02;

export class Card {
  readonly element: HTMLLIElement;
  readonly why: Disclosure;
  private readonly kinds: KindButtons;
  private readonly rank = h("span", { class: "llw-rank" });
  private readonly title = h("span", { class: "llw-title", dir: "auto" });
  private move = h("span", { class: "llw-move" });
  private readonly meta = h("div", { class: "llw-meta" });
  private readonly reason = h("p", { class: "llw-reason", dir: "auto" });
  private readonly bar = h("i");
  private readonly scale = h("div", { class: "llw-bar", role: "img" }, this.bar);

  /** The item that it shows now. */
  key = -1;

  constructor(kinds: Kind[], words: Language, act: (kind: string) => void, ask: () => void) {
    this.why = new Disclosure(ask);
    this.kinds = new KindButtons(kinds, words, act);
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
        this.scale,
      ),
      this.kinds.element,
      this.kinds.panel,
      this.why.panel,
    );
  }

  update(data: CardData, words: Language): void {
    if (data.key !== this.key || data.title !== this.title.title) this.call(data, words);
    setText(this.rank, String(data.rank));
    show(this.meta, data.categories.map(isolated).join(" · "));
    show(this.reason, data.why ? words.say(`reason.${data.why}`, { title: data.cause ?? "" }) : data.reason);
    this.reason.hidden = data.reason === "";
    this.bar.style.transform = `scaleX(${Math.max(LEAST, data.bar).toFixed(3)})`;
    const scale = words.say("score.bar", { score: words.number(data.score, 3), share: words.number(100 * data.bar) });
    this.element.title = scale;
    this.scale.setAttribute("aria-label", scale);
    this.showMove(data.move, words);
    this.kinds.press(data.given);
    this.element.removeAttribute("aria-busy");
  }

  /** All that can have the focus, in its order: "why?", and those of the kinds. */
  get buttons(): HTMLButtonElement[] {
    return [this.why.button, ...this.kinds.buttons];
  }

  /** Folds up the kinds that are behind "more", and gives the focus to that button; says whether they were open. */
  fold(): boolean {
    const more = this.kinds.close();
    more?.focus();
    return more !== null;
  }

  get name(): string {
    return this.title.title;
  }

  /** Puts the item's name on the card and on its buttons. */
  private call({ key, title }: CardData, words: Language): void {
    if (key !== this.key) {
      this.why.close(); // the card shows another item now
      this.kinds.close();
    }
    this.key = key;
    this.element.dataset.key = String(key);
    show(this.title, title);
    this.why.name(title, words);
    this.kinds.name(title, words);
  }

  /** Shows at once that the click was taken, before the kernel answers. */
  wait(kind: string): void {
    this.element.setAttribute("aria-busy", "true");
    this.kinds.pressOne(kind);
  }

  /** There is nobody to tell any more. The card can still be read. */
  disable(): void {
    this.why.button.disabled = true;
    this.kinds.disable();
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
