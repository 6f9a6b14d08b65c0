/** The list of recommendations: draws what the kernel says, and tells it of each click. */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { Announcer } from "./front/announcer";
import { type Budget, BudgetStrip } from "./front/budget";
import { Card, type CardData, WHY } from "./front/card";
import { consequence, type Did, type Next, sentence, warning } from "./front/did";
import { errorLine, h, notice, setText } from "./front/dom";
import { arrange, Flip } from "./front/flip";
import { type Language, language } from "./front/i18n";
import { icon } from "./front/icons";
import { isStranger, watchKernel } from "./front/kernel";
import { KEYS, type Kind, keysOf } from "./front/kinds";
import { Outbox } from "./front/outbox";
import { Roving } from "./front/roving";
import { followTheme } from "./front/theme";
import { type Ticket, ticket } from "./front/tickets";
import { summary, type Why } from "./front/why";

interface Status {
  clicks: number;
  latency: number | null;
  /** Whether there is a click that can be taken back. */
  undo: boolean;
  /** That click, if it is another one than what the list says was done last. */
  next?: Next | null;
  /** The name of the journal in which clicks are kept, if they are. */
  journal: string | null;
  /** What learning in private has spent, if it is private. */
  privacy?: Budget | null;
}

interface Snapshot extends Status {
  /** The name of the widget on the wire, and that of the session, which other widgets may share. */
  id: string;
  session: string;
  version: number;
  user: string;
  mine: boolean;
  cards: CardData[];
  did: Did | null;
}

interface Model {
  snapshot: Snapshot;
  actions: string[];
  /** What the recommender calls each of them. */
  labels?: Record<string, string>;
  locale: string;
}

/** What the kernel says. A list is the answer to the clicks `answers`; there are none if the model changed otherwise. */
type Told =
  | { type: "list"; answers: string[]; snapshot: Snapshot }
  | ({ type: "status" } & Status)
  | { type: "why"; answers: string[]; key: number; why: Why }
  | { type: "error"; answers: string[]; message: string };

type Act = Ticket &
  (
    | { type: "feedback"; key: number; kind: string; version: number }
    | { type: "why"; key: number; version: number }
    | { type: "undo" }
  );

/** How long a pointer over the cards must rest before they may move under it. */
const REST = 2_000;

class ListView {
  private readonly words: Language;
  private readonly kinds: Kind[];
  private readonly root: HTMLElement;
  private readonly whose = h("h3", { class: "llw-heading llw-whose", dir: "auto" });
  private readonly said = h("div", { class: "llw-said" });
  private readonly status = h("span", { class: "llw-status" });
  private readonly journal = h("span", { class: "llw-journal" });
  private readonly undo = h("button", { type: "button", class: "llw-undo", "data-lm-suppress-shortcuts": true });
  private readonly budget: BudgetStrip;
  private readonly list = h("ol", { class: "llw-cards" });
  private readonly announcer: Announcer;
  private readonly notice = notice();
  private readonly error = errorLine();
  private readonly flip = new Flip();
  private readonly roving = new Roving(this.list);
  private readonly cards = new Map<number, Card>();
  private readonly outbox = new Outbox<Act>(
    (act) => this.send(act),
    (late) => this.late(late),
  );
  private shown: Snapshot | null = null;
  private held: Snapshot | null = null;
  private resting = 0;
  private off = false;
  private next: Next | null = null;

  constructor(
    private readonly model: AnyModel<Model>,
    el: HTMLElement,
    signal: AbortSignal,
  ) {
    this.words = language(model.get("locale"));
    this.announcer = new Announcer(signal);
    this.budget = new BudgetStrip(this.words);
    this.undo.append(icon("undo"), this.words.say("undo"));
    this.undo.title = this.words.say("undo.help");
    this.undo.addEventListener("click", () => this.takeBack());
    this.root = h(
      "section",
      { class: "llw llw-part llw-list", lang: this.words.tag, "data-lm-suppress-shortcuts": true },
      h(
        "div",
        { class: "llw-did" },
        h("div", { class: "llw-top" }, this.whose, h("div", { class: "llw-state" }, this.journal, this.status, this.undo)),
        this.said,
      ),
      this.budget.element,
      this.notice.element,
      this.error.element,
      this.list,
      this.announcer.element,
    );
    this.kinds = model.get("actions").map((name) => ({ name, label: model.get("labels")?.[name] ?? "" }));
    this.list.setAttribute("aria-description", keysOf(this.kinds, this.words));
    el.append(this.root);
    followTheme(this.root, signal);
    for (const event of ["pointerenter", "pointermove", "pointerdown"])
      this.list.addEventListener(event, () => this.hold());
    this.list.addEventListener("pointerleave", () => this.release());
    this.root.addEventListener("keydown", (event) => this.key(event));
    const changed = () => this.background(model.get("snapshot"));
    const told = (message: Told) => this.hear(message);
    model.on("change:snapshot", changed);
    model.on("msg:custom", told);
    signal.addEventListener("abort", () => {
      model.off("change:snapshot", changed);
      model.off("msg:custom", told);
      this.outbox.clear();
      clearTimeout(this.resting);
    });
    this.draw(model.get("snapshot"));
    watchKernel(model, el, signal, { lost: () => this.disconnect(), back: () => this.outbox.resend() });
  }

  /** Teaches one click. */
  private act(card: Card, kind: string): void {
    if (this.off || !this.shown || !this.kinds.some(({ name }) => name === kind)) return;
    this.error.show("");
    card.wait(kind);
    const { session, version } = this.shown;
    this.outbox.post({ type: "feedback", ...ticket(session), key: card.key, kind, version });
  }

  private takeBack(): void {
    if (this.off || !this.shown) return;
    if (this.shown.privacy) return this.error.show(this.words.say("budget.undo"));
    if (this.undo.disabled) return;
    this.error.show("");
    this.outbox.post({ type: "undo", ...ticket(this.shown.session) });
  }

  /** Opens what a card's score is made of, and asks for it; or closes it. */
  private toggle(card: Card): void {
    if (card.why.open) card.why.close();
    else if (!this.off) this.ask(card);
  }

  private ask(card: Card): void {
    if (!this.shown || this.off) return;
    card.why.wait(this.words);
    const { session, version } = this.shown;
    this.outbox.post({ type: "why", ...ticket(session), key: card.key, version });
  }

  private explain(key: number, why: Why): void {
    const card = this.cards.get(key);
    if (!card?.why.open) return;
    const first = card.why.panel.querySelector("table") === null;
    card.why.fill(why, this.words);
    if (first) this.announcer.say(summary(why, card.name, this.words));
  }

  private send(act: Act): void {
    try {
      this.model.send(act);
    } catch {
      this.disconnect(); // the host has no way to the kernel any more
    }
  }

  private late(is: boolean): void {
    this.notice.show(is ? this.words.say("list.late") : "");
    if (!is || !this.shown) return;
    const ended = (gone: boolean) => gone && this.disconnect();
    void isStranger(this.model, this.shown.id).then(ended, () => {}); // a kernel that cannot even be asked stays late
  }

  private hear(message: Told): void {
    if (message.type === "status") return this.showStatus(message);
    const since = this.outbox.settle(message.answers);
    if (message.type === "why") {
      if (since !== undefined) this.explain(message.key, message.why); // another view may show the same list
    } else if (message.type === "list") {
      if (since === undefined) return this.background(message.snapshot);
      this.draw(message.snapshot);
      this.announce(message.snapshot);
      this.timePaint(since);
    } else if (since !== undefined) {
      this.error.show(message.message);
      this.draw(this.shown);
    }
  }

  /** A list that no click here has asked for. It waits while a pointer moves over the cards: no target may jump away. */
  private background(snapshot: Snapshot): void {
    if (this.shown && snapshot.version < this.shown.version) return;
    this.showStatus(snapshot, snapshot.user);
    if (snapshot.version === this.shown?.version) return;
    if (this.resting && snapshot.user === this.shown?.user) this.held = snapshot;
    else this.draw(snapshot);
  }

  private hold(): void {
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => this.release(), REST);
  }

  private release(): void {
    clearTimeout(this.resting);
    this.resting = 0;
    if (this.held) this.background(this.held);
  }

  private draw(snapshot: Snapshot | null): void {
    if (!snapshot?.cards) {
      setText(this.said, this.words.say("list.waiting"));
      return;
    }
    const isNew = snapshot.version !== this.shown?.version;
    this.shown = snapshot;
    this.held = null;
    const whose = snapshot.mine ? this.words.say("list.mine") : this.words.say("list.label", { user: snapshot.user });
    this.list.setAttribute("aria-label", whose);
    setText(this.whose, whose);
    this.whose.title = whose;
    const hadFocus = this.roving.hasFocus();
    const spare = this.leave(new Set(snapshot.cards.map((data) => data.key)));
    const play = this.flip.from([...this.cards.values()].map((card) => card.element));
    const cards = snapshot.cards.map((data) => this.card(data, spare));
    arrange(
      this.list,
      cards.map((card) => card.element),
    );
    this.roving.arrange(cards, hadFocus);
    play(cards.map((card) => card.element));
    for (const act of this.outbox.messages) if (act.type === "feedback") this.cards.get(act.key)?.wait(act.kind);
    if (isNew) for (const card of cards) if (card.why.open) this.ask(card); // the answer is another one now
    this.next = snapshot.next ?? null;
    this.showSaid();
    this.showStatus(snapshot);
  }

  /** Forgets the cards whose items are not in `present`; those without the focus may be used again. */
  private leave(present: Set<number>): Card[] {
    const focused = this.roving.focused;
    const gone = [...this.cards.values()].filter((card) => !present.has(card.key));
    for (const card of gone) this.cards.delete(card.key);
    return gone.filter((card) => card !== focused);
  }

  private card(data: CardData, spare: Card[]): Card {
    let card = this.cards.get(data.key) ?? spare.pop();
    if (!card) {
      const made = new Card(
        this.kinds,
        this.words,
        (kind) => this.act(made, kind),
        () => this.toggle(made),
      );
      card = made;
    }
    card.update(data, this.words);
    this.cards.set(data.key, card);
    return card;
  }

  /** What was done last and what it did; or, if others clicked since, what Undo takes back now. */
  private showSaid(): void {
    if (!this.shown) return;
    const { did, cards, privacy } = this.shown;
    const invite = privacy ? "list.invite.private" : "list.invite";
    const [first, second] = this.next
      ? this.next.running && did // the viewer's own click is answered while others go on
        ? [sentence(this.words, did), warning(this.words, this.next)]
        : [warning(this.words, this.next), this.words.say("next.since")]
      : did
        ? [sentence(this.words, did), consequence(this.words, did)]
        : ["", this.words.say(!cards.length ? "list.empty" : this.kinds.length ? invite : "list.mute")];
    if (this.said.dataset.said === `${first}\n${second}`) return;
    this.said.dataset.said = `${first}\n${second}`;
    this.said.title = [first, second].filter(Boolean).join(" ");
    this.said.replaceChildren(...(first ? [h("b", {}, first), " "] : []), h("span", {}, second));
  }

  private announce({ did, cards }: Snapshot): void {
    if (!did) return;
    const first = cards[0] ? this.words.say("did.replaced", { title: cards[0].title }) : "";
    this.announcer.say(`${sentence(this.words, did)} ${consequence(this.words, did)}. ${first}`);
  }

  private showStatus({ clicks, latency, undo, journal, next, privacy = null }: Status, whose = this.shown?.user ?? ""): void {
    if (this.off) return;
    if (this.shown) this.shown.privacy = privacy;
    const used = this.budget.show(privacy, whose);
    if (used) this.announcer.say(used);
    this.undo.hidden = privacy !== null; // what is shown once is spent: there is nothing to offer
    const others = Boolean(next && !next.running && (this.next === null || this.next.running));
    this.next = next ?? null;
    this.showSaid();
    if (others && next) this.announcer.say(warning(this.words, next));
    const learned = clicks ? this.words.say("status.learned", { n: clicks }) : this.words.say("status.none");
    const each = latency === null ? "" : ` · ${this.words.say("status.each", { ms: this.words.number(latency, latency < 10 ? 1 : 0) })}`;
    this.status.title ||= `${this.words.say("status.clicks")} ${this.words.say("status.help")}`;
    this.status.replaceChildren(h("i", { "data-on": clicks > 0 }), learned + each);
    this.showJournal(journal);
    this.allowUndo(undo);
  }

  private showJournal(name: string | null): void {
    if (name === (this.journal.dataset.name ?? null)) return;
    if (name === null) return this.journal.replaceChildren();
    this.journal.dataset.name = name;
    this.journal.title = this.words.say("journal.help", { name });
    this.journal.replaceChildren(icon("journal"), h("span", {}, this.words.say("journal.kept", { name })));
  }

  private allowUndo(is: boolean): void {
    if (this.undo.disabled === !is) return;
    const focused = this.undo.matches(":focus");
    this.undo.disabled = !is;
    if (focused && !is) this.roving.focus(); // a disabled button would drop it
  }

  /** The time from the click until the browser has painted the answer. */
  private timePaint(since: number): void {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const painted = performance.now() - since;
        this.root.dataset.llwPainted = painted.toFixed(1);
        this.status.title = `${this.words.say("status.clicks")} ${this.words.say("status.painted", { ms: this.words.number(painted) })}`;
      };
      channel.port2.postMessage(null);
    });
  }

  /** The kernel is gone for good: says so and how to go on, and leaves nothing that looks as if it did something. */
  private disconnect(): void {
    if (this.off) return;
    this.off = true;
    const lost = this.outbox.messages.length;
    this.outbox.clear();
    this.error.show("");
    this.release();
    this.draw(this.shown);
    this.root.dataset.llwOff = "";
    this.allowUndo(false);
    const hadFocus = this.roving.hasFocus();
    for (const card of this.cards.values()) card.disable();
    if (hadFocus) this.roving.focus();
    this.status.title = "";
    this.status.replaceChildren(h("i", {}), this.words.say("status.off"));
    const name = this.shown?.journal ?? null;
    const parts = [
      this.words.say("list.lost"),
      lost ? this.words.say("list.lost.clicks", { n: lost }) : "",
      name === null ? this.words.say("list.lost.memory") : this.words.say("list.lost.journal", { name }),
    ];
    this.notice.show(parts.filter(Boolean).join(this.words.tag === "zh" ? "" : " "));
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" || event.shiftKey) return;
      this.takeBack();
    } else {
      const card = this.roving.focused;
      const kind = Object.keys(KEYS).find((name) => KEYS[name] === event.key.toLowerCase());
      event.stopPropagation(); // the notebook would take single letters for commands
      if (event.key === "Escape" && card?.fold()) return;
      if (card && kind && !event.shiftKey && !event.repeat) this.act(card, kind);
      else if (card && event.key.toLowerCase() === WHY && !event.shiftKey && !event.repeat) this.toggle(card);
      else if (!card || !this.roving.move(event.key)) return;
    }
    event.stopPropagation();
    event.preventDefault();
  }
}

function render({ model, el, signal }: RenderProps<Model>): void {
  new ListView(model, el, signal);
}

export default { render };
