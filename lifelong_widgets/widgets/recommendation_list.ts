/** The list of recommendations: draws what the kernel says, and tells it of each click. */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { Card, type CardData, KEYS } from "./front/card";
import { errorLine, h, setText } from "./front/dom";
import { arrange, flip } from "./front/flip";
import { type Language, language } from "./front/i18n";
import { Roving } from "./front/roving";
import { followTheme } from "./front/theme";

interface Did {
  kind: string;
  label: string;
  title: string;
  moved: number;
  total: number;
  up: string[];
  down: string[];
}

interface Status {
  clicks: number;
  latency: number | null;
}

interface Snapshot extends Status {
  version: number;
  user: string;
  cards: CardData[];
  did: Did | null;
}

interface Model {
  snapshot: Snapshot;
  actions: string[];
  locale: string;
}

type Message =
  | { type: "list"; answers: string; snapshot: Snapshot }
  | { type: "refresh"; snapshot: Snapshot }
  | ({ type: "status" } & Status)
  | { type: "error"; answers: string; message: string };

const PATIENCE = 15_000;
/** How long a pointer over the cards must rest before they may move under it. */
const REST = 2_000;

class ListView {
  private readonly words: Language;
  private readonly root: HTMLElement;
  private readonly said = h("span", { class: "llw-said" });
  private readonly status = h("span", { class: "llw-status" });
  private readonly list = h("ol", { class: "llw-cards" });
  private readonly announcer = h("div", { class: "llw-live-region", "aria-live": "polite" });
  private readonly error = errorLine();
  private readonly roving = new Roving(this.list);
  private readonly cards = new Map<number, Card>();
  private readonly pending = new Map<string, { since: number; card: Card; timer: number }>();
  private shown: Snapshot | null = null;
  private held: Snapshot | null = null;
  private resting = 0;

  constructor(
    private readonly model: AnyModel<Model>,
    el: HTMLElement,
    signal: AbortSignal,
  ) {
    this.words = language(model.get("locale"));
    this.root = h(
      "section",
      { class: "llw llw-part llw-list", lang: this.words.tag, "data-lm-suppress-shortcuts": true },
      h("div", { class: "llw-did" }, this.said, this.status),
      this.error.element,
      this.list,
      this.announcer,
    );
    this.list.setAttribute("aria-description", this.words.say("list.keys"));
    el.append(this.root);
    followTheme(this.root, signal);
    for (const event of ["pointerenter", "pointermove", "pointerdown"])
      this.list.addEventListener(event, () => this.hold());
    this.list.addEventListener("pointerleave", () => this.release());
    this.root.addEventListener("keydown", (event) => this.key(event));
    const changed = () => this.background(model.get("snapshot"));
    const told = (message: Message) => this.hear(message);
    model.on("change:snapshot", changed);
    model.on("msg:custom", told);
    signal.addEventListener("abort", () => {
      model.off("change:snapshot", changed);
      model.off("msg:custom", told);
      for (const { timer } of this.pending.values()) clearTimeout(timer);
      clearTimeout(this.resting);
    });
    this.draw(model.get("snapshot"));
  }

  /** Sends one click, under an id of its own so that a repeated or lost one is recognised. */
  private act(card: Card, kind: string): void {
    if (!this.shown || !this.model.get("actions").includes(kind)) return;
    const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const timer = window.setTimeout(() => this.giveUp(id), PATIENCE);
    this.pending.set(id, { since: performance.now(), card, timer });
    this.error.show("");
    card.wait(kind);
    this.model.send({ type: "feedback", id, key: card.key, kind, version: this.shown.version });
  }

  private hear(message: Message): void {
    if (message.type === "status") return this.showStatus(message);
    if (message.type === "refresh") return this.background(message.snapshot);
    const click = this.pending.get(message.answers);
    if (message.type === "error") {
      if (click) this.error.show(message.message);
    } else if (click || message.snapshot.version > (this.shown?.version ?? 0)) {
      this.draw(message.snapshot);
      this.announce(message.snapshot);
    }
    if (!click) return;
    clearTimeout(click.timer);
    this.pending.delete(message.answers);
    click.card.settle();
    if (message.type === "error") this.draw(this.shown);
    else this.timePaint(click.since);
  }

  /** A list that no click here has asked for. It waits while a pointer moves over the cards: no target may jump away. */
  private background(snapshot: Snapshot): void {
    if (this.shown && snapshot.version < this.shown.version) return;
    this.showStatus(snapshot);
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
    this.shown = snapshot;
    this.held = null;
    this.list.setAttribute("aria-label", this.words.say("list.label", { user: snapshot.user }));
    const hadFocus = this.roving.hasFocus();
    const spare = this.leave(new Set(snapshot.cards.map((data) => data.key)));
    const play = flip([...this.cards.values()].map((card) => card.element));
    const cards = snapshot.cards.map((data) => this.card(data, spare));
    arrange(
      this.list,
      cards.map((card) => card.element),
    );
    this.roving.arrange(cards, hadFocus);
    play(cards.map((card) => card.element));
    this.showDid(snapshot);
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
      const made = new Card(this.model.get("actions"), (kind) => this.act(made, kind));
      card = made;
    }
    card.update(data, this.words);
    this.cards.set(data.key, card);
    return card;
  }

  private showDid({ did, cards }: Snapshot): void {
    if (!did) {
      setText(this.said, this.words.say(cards.length ? "list.invite" : "list.empty"));
      return;
    }
    this.said.replaceChildren(h("b", {}, this.sentence(did)), ` ${this.consequence(did)}`);
  }

  private sentence({ kind, label, title }: Did): string {
    return this.words.say(kind in KEYS ? `did.${kind}` : "did.other", { kind: label, title });
  }

  private consequence({ moved, total, up, down }: Did): string {
    if (moved === 0) return this.words.say("did.still");
    const trends = [
      up.length ? this.words.say("did.up", { categories: up.join(", ") }) : "",
      down.length ? this.words.say("did.down", { categories: down.join(", ") }) : "",
    ].filter(Boolean);
    const head = this.words.say("did.moved", { n: moved, total });
    return trends.length ? `${head}: ${trends.join(", ")}` : head;
  }

  private announce({ did, cards }: Snapshot): void {
    if (!did) return;
    const first = cards[0] ? this.words.say("did.replaced", { title: cards[0].title }) : "";
    setText(this.announcer, `${this.sentence(did)} ${this.consequence(did)}. ${first}`);
  }

  private showStatus({ clicks, latency }: Status): void {
    const learned = clicks ? this.words.say("status.learned", { n: clicks }) : this.words.say("status.none");
    const each = latency === null ? "" : ` · ${this.words.say("status.each", { ms: this.words.number(latency, latency < 10 ? 1 : 0) })}`;
    this.status.title ||= this.words.say("status.help");
    this.status.replaceChildren(h("i", { "data-on": clicks > 0 }), learned + each);
  }

  /** The time from the click until the browser has painted the answer. */
  private timePaint(since: number): void {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const painted = performance.now() - since;
        this.root.dataset.llwPainted = painted.toFixed(1);
        this.status.title = this.words.say("status.painted", { ms: this.words.number(painted) });
      };
      channel.port2.postMessage(null);
    });
  }

  private giveUp(id: string): void {
    const click = this.pending.get(id);
    if (!click) return;
    this.pending.delete(id);
    click.card.settle();
    this.draw(this.shown);
    this.error.show(this.words.say("list.offline"));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    event.stopPropagation(); // the notebook would take single letters for commands
    const card = this.roving.focused;
    const kind = Object.keys(KEYS).find((name) => KEYS[name] === event.key.toLowerCase());
    if (card && kind && !event.shiftKey && !event.repeat) this.act(card, kind);
    else if (!card || !this.roving.move(event.key)) return;
    event.preventDefault();
  }
}

function render({ model, el, signal }: RenderProps<Model>): void {
  new ListView(model, el, signal);
}

export default { render };
