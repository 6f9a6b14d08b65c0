/** The buttons of a card: one for each kind of feedback; those that do not fit unfold below, behind "more". */
import { h } from "./dom";
import type { Language } from "./i18n";
import { icon } from "./icons";

/** The key of each kind that has one. These have an icon, too. */
export const KEYS: Readonly<Record<string, string>> = { like: "l", dislike: "d", view: "o", purchase: "b", skip: "s" };

/** Kinds for which we have words in the reader's language. */
const WORDED = new Set([...Object.keys(KEYS), "click", "rating"]);

/** How wide the buttons beside a card may be together, in icons. */
const ROOM = 5;

export interface Kind {
  name: string;
  label: string;
}

/** Whether we have our own sentence for what was done, and not just a label. */
export function isWorded({ name, label }: Kind): boolean {
  return WORDED.has(name) && (!label || label.toLowerCase() === name);
}

/** What a button says: in the reader's language, unless the recommender has a label of its own for it. */
export function labelOf(kind: Kind, words: Language): string {
  return isWorded(kind) ? words.say(`action.${kind.name}`) : kind.label || kind.name;
}

export class KindButtons {
  readonly element = h("div", { class: "llw-actions" });
  readonly panel = h("div", { class: "llw-others", id: `llw-others-${Math.random().toString(36).slice(2)}`, role: "group", hidden: true });
  private readonly more: HTMLButtonElement | null = null;
  private readonly kinds = new Map<HTMLButtonElement, Kind>();
  private readonly beside: HTMLButtonElement[];
  private readonly below: HTMLButtonElement[];

  constructor(kinds: Kind[], words: Language, act: (kind: string) => void) {
    const made = kinds.map((kind) => {
      const label = labelOf(kind, words);
      const button = h("button", { type: "button", "data-kind": kind.name, tabindex: -1, "data-lm-suppress-shortcuts": true });
      if (Object.hasOwn(KEYS, kind.name)) button.append(icon(kind.name));
      else button.append(h("span", { class: "llw-kind", dir: "auto" }, label));
      button.addEventListener("click", () => act(kind.name));
      this.kinds.set(button, kind);
      return { button, width: Object.hasOwn(KEYS, kind.name) ? 1 : widthOf(label) };
    });
    let left = ROOM;
    const fits = made.findIndex(({ width }, place) => (left -= width) < 0 && place > 0);
    const all = made.map(({ button }) => button);
    this.beside = fits < 0 ? all : all.slice(0, fits);
    this.below = fits < 0 ? [] : all.slice(fits);
    this.element.append(...this.beside);
    if (this.below.length) {
      this.more = h("button", { type: "button", class: "llw-more", "data-kind": "more", tabindex: -1, "data-lm-suppress-shortcuts": true }, icon("more"));
      this.more.setAttribute("aria-controls", this.panel.id);
      this.more.addEventListener("click", () => this.toggle(this.panel.hasAttribute("hidden")));
      this.element.append(this.more);
      this.panel.append(...this.below);
    }
    this.toggle(false);
  }

  /** Those that can be reached now, in their order. */
  get buttons(): HTMLButtonElement[] {
    return [...this.beside, ...(this.more ? [this.more] : []), ...(this.panel.hidden ? [] : this.below)];
  }

  /** Folds up what is below; says whether there was anything to fold, and where the focus should go. */
  close(): HTMLButtonElement | null {
    if (this.panel.hidden) return null;
    this.toggle(false);
    return this.more;
  }

  /** Puts the item's name on every button. */
  name(title: string, words: Language): void {
    for (const [button, kind] of this.kinds) {
      const action = labelOf(kind, words);
      button.setAttribute("aria-label", words.say("action.label", { action, title }));
      const key = Object.hasOwn(KEYS, kind.name) ? KEYS[kind.name] : undefined;
      button.title = key ? words.say("action.hint", { action, key }) : action;
    }
    if (!this.more) return;
    const label = words.say("action.label", { action: words.say("action.more"), title });
    this.more.setAttribute("aria-label", label);
    this.more.title = words.say("action.more");
    this.panel.setAttribute("aria-label", label);
  }

  /** Shows which of them were given. */
  press(given: string[]): void {
    for (const [button, kind] of this.kinds) button.setAttribute("aria-pressed", String(given.includes(kind.name)));
    if (this.more) this.more.dataset.given = String(this.below.some((button) => given.includes(button.dataset.kind ?? "")));
  }

  pressOne(kind: string): void {
    for (const [button, { name }] of this.kinds) if (name === kind) button.setAttribute("aria-pressed", "true");
  }

  disable(): void {
    for (const button of [...this.kinds.keys(), ...(this.more ? [this.more] : [])]) button.disabled = true;
  }

  private toggle(open: boolean): void {
    this.panel.hidden = !open;
    this.more?.setAttribute("aria-expanded", String(open));
  }
}

/** The keys of a card in words, of the kinds that there are. */
export function keysOf(kinds: Kind[], words: Language): string {
  const own = kinds.filter(({ name }) => Object.hasOwn(KEYS, name));
  const keys = own.map((kind) => words.say("list.key", { key: KEYS[kind.name] ?? "", action: labelOf(kind, words) }));
  return words.say("list.keys", { keys: keys.join("") });
}

/** About how wide a label is, in icons: letters of Chinese, Japanese and Korean count for two. */
function widthOf(label: string): number {
  const letters = [...label].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e7f ? 2 : 1), 0);
  return Math.min(4, Math.ceil((7 * letters + 14) / 28));
}
