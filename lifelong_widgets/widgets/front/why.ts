/** What a card's score is made of: a disclosure that is filled only when somebody opens it. */
import { h } from "./dom";
import { isolated, type Language } from "./i18n";
import { labelOf } from "./kinds";

export interface Why {
  score: number;
  /** What adds up to the score. */
  parts: { part: string; amount: number }[];
  /** What the two memories add; null if there is no fast one. */
  fast: number | null;
  slow: number;
  /** What this person did, those that add most and those that take away most. */
  events: { kind: string; label: string; title: string; amount: number }[];
  features: { modality: string; name: string | null; amount: number }[]; // null: words like "the", together
  /** With a discount: how likely the item is taken, what it is worth in the long run, and how far off that was. */
  value: { chance: number | null; value: number | null; error: number | null } | null;
  /** By how much the score has changed since the list before, and through what most. */
  changed: { amount: number; by: string } | null;
}

let made = 0;

export class Disclosure {
  readonly button = h("button", { type: "button", class: "llw-why", tabindex: -1, "data-lm-suppress-shortcuts": true });
  readonly panel = h("div", { class: "llw-because", id: `llw-why-${Math.random().toString(36).slice(2)}-${++made}`, hidden: true });
  private readonly words = h("span");

  constructor(toggle: () => void) {
    this.button.append(this.words);
    this.button.dataset.kind = "why";
    this.button.setAttribute("aria-controls", this.panel.id);
    this.button.addEventListener("click", toggle);
    this.close();
  }

  get open(): boolean {
    return !this.panel.hidden;
  }

  name(title: string, words: Language): void {
    this.words.textContent = words.say("why.open");
    this.button.setAttribute("aria-label", words.say("why.label", { title }));
    this.button.title = words.say("action.hint", { action: words.say("why.open"), key: "w" });
  }

  /** Opens it with nothing in it yet but that it is being thought about. */
  wait(words: Language): void {
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.panel.setAttribute("aria-busy", "true");
    if (!this.panel.childElementCount) this.panel.append(h("p", {}, words.say("why.waiting")));
  }

  close(): void {
    this.panel.hidden = true;
    this.panel.replaceChildren();
    this.panel.removeAttribute("aria-busy");
    this.button.setAttribute("aria-expanded", "false");
  }

  fill(why: Why, words: Language): void {
    this.panel.removeAttribute("aria-busy");
    const part = (name: string) => words.say(`why.part.${name}`);
    const parts = why.parts.map((row) => ({ name: part(row.part), amount: row.amount }));
    const events = why.events.map((row) => ({ name: `${labelOf({ name: row.kind, label: row.label }, words)}: ${isolated(row.title)}`, amount: row.amount }));
    const features = why.features.map((row) => ({
      name: `${words.say(`why.modality.${row.modality}`)}: ${row.name === null ? words.say("why.common") : isolated(row.name)}`,
      amount: row.amount,
    }));
    const { value, changed } = why;
    const all = [...parts, ...events, ...features]; // one scale, so that bars can be compared
    const largest = Math.max(...all.map((row) => Math.abs(row.amount)), 1e-9);
    const number = (x: number | null, digits = 2) => (x === null ? "–" : words.number(x, digits));
    const lines = [
      why.fast === null ? "" : words.say("why.memories", { fast: signed(why.fast, words), slow: signed(why.slow, words) }),
      changed ? words.say("why.changed", { amount: signed(changed.amount, words), part: part(changed.by) }) : "",
      value ? words.say("why.value", { chance: number(value.chance, 3), value: number(value.value), error: number(value.error) }) : "",
    ];
    this.panel.replaceChildren(
      table(words.say("why.parts", { score: words.number(why.score, 2) }), parts, largest, words),
      ...lines.filter(Boolean).map((line) => h("p", {}, line)),
      events.length ? table(words.say("why.events"), events, largest, words) : h("p", {}, words.say("why.events.none")),
      ...(features.length ? [table(words.say("why.features"), features, largest, words)] : []),
    );
  }
}

/** What is read out when the answer is there. */
export function summary(why: Why, title: string, words: Language): string {
  const most = [...why.parts].filter((row) => row.part !== "baseline").sort((a, b) => b.amount - a.amount)[0];
  const part = most ? words.say(`why.part.${most.part}`) : words.say("why.part.baseline");
  return words.say("why.said", { title, part });
}

function signed(amount: number, words: Language): string {
  return (amount <= -0.005 ? "−" : "+") + words.number(Math.abs(amount), 2); // not "−0.00"
}

/** Rows with a bar each: to the right of the middle what adds, to the left what takes away; `largest` fills its half. */
function table(caption: string, rows: { name: string; amount: number }[], largest: number, words: Language): HTMLTableElement {
  const body = rows.map(({ name, amount }) => {
    const bar = h("i", { class: amount < 0 ? "llw-less" : "llw-more" });
    bar.style.width = `${((50 * Math.abs(amount)) / largest).toFixed(1)}%`;
    return h(
      "tr",
      {},
      h("th", { scope: "row", dir: "auto", title: name }, name),
      h("td", { class: "llw-weighs", "aria-hidden": "true" }, bar),
      h("td", {}, signed(amount, words)),
    );
  });
  return h("table", {}, h("caption", {}, caption), h("tbody", {}, ...body));
}
