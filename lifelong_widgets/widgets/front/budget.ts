/** What learning in private has spent of its budget, above the cards. */
import { h, setText } from "./dom";
import type { Language } from "./i18n";

export interface Budget {
  /** Whose trace is hidden: "person" or "example". */
  unit: string;
  /** What was spent by whoever took part most; null without noise. */
  epsilon: number | null;
  /** The budget; null if there is none. */
  limit: number | null;
  delta: number;
  /** In how many more steps something new of this person may be learned; null if that is not limited. */
  left: number | null;
  /** Whether nobody teaches any more, not even somebody new. */
  closed: boolean;
}

/** More clicks than anybody counts: from there on no number is said. */
const COUNTED = 1000;
/** Of the limit: the account never goes over it, and seldom meets it. */
const NEARLY = 0.99;

export class BudgetStrip {
  readonly element: HTMLElement;
  private readonly facts = h("summary", { "data-lm-suppress-shortcuts": true });
  private readonly fill = h("i");
  private readonly meter = h("div", { class: "llw-budget-meter", role: "meter", "aria-valuemin": 0 }, this.fill);
  private readonly state = h("p", { class: "llw-budget-state" });
  private readonly help = h("p", { class: "llw-budget-help" });
  private before: { whose: string; left: number | null } | null = null;

  constructor(private readonly words: Language) {
    const details = h("details", {}, this.facts, this.help);
    this.element = h("div", { class: "llw-budget", hidden: true }, details, this.meter, this.state);
    this.meter.setAttribute("aria-label", words.say("budget.meter"));
  }

  /**
   * Shows the account of `whose`; nothing is there for a recommender that keeps nothing private. Returns what is to be
   * read out: that their budget has just been used up, perhaps by the clicks of others.
   */
  show(budget: Budget | null, whose: string): string {
    this.element.hidden = budget === null;
    if (!budget) return "";
    const { words } = this;
    const { unit, epsilon, limit, delta, left } = budget;
    const spent = epsilon === null ? "∞" : words.number(epsilon, 2);
    const of = limit === null ? "budget.open" : "budget.spent";
    const facts = [
      words.say(of, { spent, limit: limit === null ? "" : words.number(limit, Number.isInteger(limit) ? 0 : 2) }),
      words.say("budget.delta", { delta: delta.toExponential(Number.isInteger(Math.log10(delta)) ? 0 : 1) }),
      words.say(`budget.unit.${unit}`),
    ];
    this.facts.replaceChildren(...facts.flatMap((fact, place) => [place ? " · " : "", h("span", {}, fact)]));
    setText(this.help, [`budget.help.${unit}`, "budget.help.screen", "budget.undo"].map((key) => words.say(key)).join(words.tag === "zh" ? "" : " "));
    setText(this.state, this.stateOf(budget));
    this.element.toggleAttribute("data-used", left === 0);
    this.showMeter(epsilon, limit, facts[0] ?? "");
    const before = this.before;
    this.before = { whose, left };
    return left === 0 && before?.whose === whose && before.left !== 0 ? this.stateOf(budget) : "";
  }

  private showMeter(epsilon: number | null, limit: number | null, said: string): void {
    this.meter.hidden = limit === null || epsilon === null;
    if (limit === null || epsilon === null) return;
    this.meter.setAttribute("aria-valuemax", String(limit));
    this.meter.setAttribute("aria-valuenow", String(Math.min(epsilon, limit)));
    this.meter.setAttribute("aria-valuetext", said);
    this.fill.style.transform = `scaleX(${Math.min(1, epsilon / limit)})`;
  }

  private stateOf({ epsilon, limit, left, closed }: Budget): string {
    if (epsilon === null) return this.words.say("budget.noiseless");
    if (left === 0) return this.words.say(closed ? "budget.closed" : "budget.used");
    // ε is of whoever took part most often: it may be at its limit before this person has done anything
    const others = limit !== null && epsilon > NEARLY * limit;
    if (left !== null && left < COUNTED) return this.words.say(others ? "budget.still" : "budget.left", { n: left });
    return this.words.say("budget.learns");
  }
}
