/** How well the live model predicts, beside its frozen twin; loss and latency behind a switch. */
import type { AnyModel, RenderProps } from "@anywidget/types";
import uPlot from "uplot";
import { cssColour, errorLine, h, markOff, setText } from "./front/dom";
import { type Language, language } from "./front/i18n";
import { watchKernel } from "./front/kernel";
import { followTheme } from "./front/theme";

interface Mark {
  kind: "alarm" | "swap" | "twin";
  visit: number;
}

interface Snapshot {
  visits: number;
  /** Visits in the rolling window, how many it takes to tell, and how many of them are the viewer's own. */
  inWindow: number;
  window: number;
  needed: number;
  own: number;
  live: number | null;
  frozen: number | null;
  loss: number | null;
  latency: number | null;
  drift: string;
  marks: Mark[];
  /** Five rows of float32, one after the other: visit, live, frozen, loss, latency. NaN where there is none. */
  curve: DataView;
}

interface Model {
  snapshot: Snapshot;
  locale: string;
}

type Tab = "hits" | "loss" | "latency";
const TABS: Tab[] = ["hits", "loss", "latency"];
const HEIGHT = 148;
const PHRASES: [RegExp, string][] = [
  [/^too few events: \d+ of \d+$/, "drift.few"],
  [/^steady$/, "drift.steady"],
  [/^not watched$/, "drift.not"],
  [/^alarm \d+ events? ago$/, "drift.alarm"],
  [/^adapting: \d+ events? to go$/, "drift.adapting"],
];

class ChartView {
  private readonly words: Language;
  private readonly root: HTMLElement;
  private readonly subtitle = h("small");
  private readonly figures = h("div", { class: "llw-figures" });
  private readonly plotBox = h("div", { class: "llw-plot", role: "img" });
  private readonly note = h("p", { class: "llw-note" });
  private readonly legend = h("div", { class: "llw-legend" });
  private readonly error = errorLine();
  private readonly tabs: HTMLButtonElement[];
  private tab: Tab = "hits";
  private plot: uPlot | null = null;
  private frame = 0;
  private latest: Snapshot | null = null;

  constructor(
    model: AnyModel<Model>,
    el: HTMLElement,
    signal: AbortSignal,
  ) {
    this.words = language(model.get("locale"));
    this.tabs = TABS.map((tab) => {
      const button = h("button", { type: "button", "data-lm-suppress-shortcuts": true }, this.words.say(`chart.tab.${tab}`));
      button.addEventListener("click", () => this.choose(tab));
      return button;
    });
    const heading = h("h3", { class: "llw-heading" }, this.words.say("chart.title"), this.subtitle);
    this.root = h(
      "section",
      { class: "llw llw-part llw-chart", lang: this.words.tag },
      h(
        "div",
        { class: "llw-head" },
        heading,
        h("div", { class: "llw-tabs", role: "group", "aria-label": this.words.say("chart.show") }, ...this.tabs),
      ),
      this.error.element,
      this.figures,
      this.plotBox,
      this.legend,
      this.note,
    );
    el.append(this.root);
    followTheme(this.root, signal, () => this.rebuild());
    const changed = () => this.take(model.get("snapshot"));
    const told = (message: { type: string; snapshot?: Snapshot; message?: string }, buffers: DataView[]) => {
      if (message.type === "frame" && message.snapshot && buffers[0]) this.take({ ...message.snapshot, curve: buffers[0] });
      if (message.type === "error") this.error.show(message.message ?? "");
    };
    model.on("change:snapshot", changed);
    model.on("msg:custom", told);
    const resize = new ResizeObserver(() => this.fit());
    resize.observe(this.plotBox);
    signal.addEventListener("abort", () => {
      model.off("change:snapshot", changed);
      model.off("msg:custom", told);
      resize.disconnect();
      cancelAnimationFrame(this.frame);
      this.plot?.destroy();
    });
    watchKernel(model, el, signal, { lost: () => markOff(this.root, heading, this.words.say("status.off")) });
    this.choose("hits");
    this.take(model.get("snapshot"));
  }

  private choose(tab: Tab): void {
    this.tab = tab;
    this.tabs.forEach((button, i) => button.setAttribute("aria-pressed", String(TABS[i] === tab)));
    this.rebuild();
  }

  /** However many frames arrive between two paints, only the last is drawn. */
  private take(snapshot: Snapshot): void {
    if (!snapshot?.curve) return;
    if (this.latest && snapshot.visits < this.latest.visits) return;
    this.latest = snapshot;
    this.schedule();
  }

  private rebuild(): void {
    this.plot?.destroy();
    this.plot = null;
    this.schedule();
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    const snapshot = this.latest;
    if (!snapshot) return;
    this.showWords(snapshot);
    const data = columns(snapshot.curve, this.tab);
    const some = data[0].length > 1 && data.slice(1).some((row) => row.some((value) => value !== null));
    this.plotBox.hidden = !some;
    this.legend.hidden = !some || this.tab !== "hits";
    if (!some) return;
    if (this.plot) this.plot.setData(data);
    else this.plot = new uPlot(this.options(), data, this.plotBox);
    this.fit();
  }

  private fit(): void {
    const width = this.plotBox.clientWidth;
    if (this.plot && width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  private options(): uPlot.Options {
    const colour = (name: string) => () => cssColour(this.root, name);
    const axis = {
      stroke: colour("--llw-fg3"),
      font: "10px system-ui, sans-serif",
      ticks: { show: false },
      grid: { stroke: colour("--llw-line"), width: 1 },
    };
    const label = (value: number) =>
      this.tab === "hits" ? this.words.share(value).replace(/\d$/, "") : this.words.number(value, value < 10 ? 1 : 0);
    return {
      width: Math.max(this.plotBox.clientWidth, 120),
      height: HEIGHT,
      padding: [14, 6, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: (_plot, _low, high) => [0, high] }, y: { range: (_plot, _low, high) => [0, niceTop(high, this.tab)] } },
      axes: [
        { ...axis, size: 20, grid: { show: false }, values: () => [] },
        { ...axis, size: 34, gap: 4, space: 26, values: (_plot, ticks) => ticks.map(label) },
      ],
      series:
        this.tab === "hits"
          ? [{}, line(colour("--llw-live"), 2), { ...line(colour("--llw-mute"), 1.5), dash: [4, 3] }]
          : [{}, line(colour("--llw-live"), 1.5)],
      hooks: { draw: [(plot) => this.drawMarks(plot), (plot) => this.drawEnds(plot)] },
    };
  }

  /** The two ends of the life, flush with the two ends of the axis. */
  private drawEnds(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const high = plot.scales.x?.max ?? 0;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${10 * ratio}px system-ui, sans-serif`;
    ctx.fillStyle = cssColour(this.root, "--llw-fg3");
    ctx.textBaseline = "top";
    const y = bbox.top + bbox.height + 5 * ratio;
    ctx.textAlign = "left";
    ctx.fillText("0", bbox.left, y);
    ctx.textAlign = "right";
    ctx.fillText(this.words.say("chart.events", { n: Math.round(high) }), bbox.left + bbox.width, y);
    ctx.restore();
  }

  /** Dotted where tastes were swapped, solid where an alarm rang, and the time between them shaded. */
  private drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const bad = cssColour(this.root, "--llw-bad");
    const quiet = cssColour(this.root, "--llw-fg2");
    ctx.save();
    ctx.font = `${10 * ratio}px system-ui, sans-serif`;
    ctx.lineWidth = 1.5 * ratio;
    ctx.textBaseline = "bottom";
    let swap: Mark | null = null;
    for (const mark of this.latest?.marks ?? []) {
      const x = plot.valToPos(mark.visit, "x", true);
      if (mark.kind === "swap") swap = mark;
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      const alarm = mark.kind === "alarm";
      const colour = alarm ? bad : quiet;
      let text = this.words.say(`chart.${mark.kind}`);
      if (alarm && swap) {
        const from = Math.max(bbox.left, plot.valToPos(swap.visit, "x", true));
        ctx.globalAlpha = 0.12;
        ctx.fillStyle = bad;
        ctx.fillRect(from, bbox.top, x - from, bbox.height);
        ctx.globalAlpha = 1;
        text = this.words.say("chart.alarm.after", { n: mark.visit - swap.visit });
        swap = null;
      }
      ctx.strokeStyle = colour;
      ctx.setLineDash(alarm ? [] : [2 * ratio, 2 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillStyle = colour;
      const width = ctx.measureText(text).width + 4 * ratio;
      const right = alarm ? x + width < bbox.left + bbox.width : x - width < bbox.left;
      ctx.textAlign = right ? "left" : "right";
      ctx.fillText(text, x + (right ? 4 : -4) * ratio, bbox.top - 1 * ratio);
    }
    ctx.restore();
  }

  private showWords(snapshot: Snapshot): void {
    const { words } = this;
    const { live, frozen, inWindow, needed, visits, own } = snapshot;
    setText(this.subtitle, words.say(`chart.${this.tab}`, { window: snapshot.window }));
    const enough = live !== null && frozen !== null && inWindow >= needed;
    const figures: HTMLElement[] = [];
    if (this.tab === "hits" && enough)
      figures.push(
        figure(words.share(live), words.say("chart.live"), "llw-is-live"),
        figure(words.share(frozen), words.say("chart.frozen"), "llw-is-frozen"),
        figure(words.share(live - frozen, true), words.say("chart.worth"), "", words.say("chart.worth.help")),
      );
    if (this.tab === "loss" && snapshot.loss !== null) figures.push(figure(words.number(snapshot.loss, 2), words.say("chart.now.loss")));
    if (this.tab === "latency" && snapshot.latency !== null)
      figures.push(figure(words.number(snapshot.latency, 1), words.say("chart.now.latency")));
    this.figures.replaceChildren(...figures);
    this.legend.replaceChildren(
      h("span", {}, h("i", { class: "llw-is-live" }), words.say("chart.live")),
      h("span", {}, h("i", { class: "llw-is-frozen" }), words.say("chart.frozen")),
      h(
        "span",
        { class: "llw-drift", title: words.say("drift.help") },
        words.say("chart.drift", { status: drift(snapshot.drift, words) }),
      ),
    );
    const notes: string[] = [];
    if (visits === 0) notes.push(words.say("chart.none"));
    else if (this.tab === "hits" && !enough) notes.push(words.say("chart.few", { n: inWindow, needed }));
    if (this.tab === "hits" && enough && own > 0) notes.push(words.say("chart.own", { n: own }));
    setText(this.note, notes.join(" "));
    this.note.hidden = notes.length === 0;
    const summary = enough
      ? words.say("chart.summary", { n: visits, live: words.share(live), frozen: words.share(frozen) })
      : notes.join(" ") || words.say("chart.title");
    this.plotBox.setAttribute("aria-label", summary);
    this.plotBox.title = this.note.title = words.say("chart.visits.help");
  }
}

/** What the drift monitor says of itself, in the reader's language. */
function drift(status: string, words: Language): string {
  const [n = 0, needed = 0] = (status.match(/\d+/g) ?? []).map(Number);
  const key = PHRASES.find(([phrase]) => phrase.test(status))?.[1];
  return key === undefined ? status : words.say(key, { n, needed });
}

function figure(value: string, label: string, kind = "", help = ""): HTMLElement {
  return h("div", { class: kind, title: help }, h("b", {}, value), h("span", {}, label));
}

function line(stroke: () => string, width: number): uPlot.Series {
  return { stroke, width, points: { show: false }, spanGaps: true };
}

/** uPlot wants one array a series, with null where there is no value. */
function columns(curve: DataView, tab: Tab): [number[], ...(number | null)[][]] {
  const rows = 5;
  const length = curve.byteLength / 4 / rows;
  const row = (r: number) =>
    Array.from({ length }, (_, i) => {
      const value = curve.getFloat32(4 * (r * length + i), true);
      return Number.isNaN(value) ? null : value;
    });
  const visits = row(0) as number[];
  if (tab === "hits") return [visits, row(1), row(2)];
  return [visits, row(tab === "loss" ? 3 : 4)];
}

function niceTop(high: number | null, tab: Tab): number {
  if (high === null || !(high > 0)) return 1;
  if (tab === "hits") return Math.min(1, Math.max(0.1, Math.ceil(high * 10.5) / 10));
  const step = 10 ** Math.floor(Math.log10(high));
  return Math.ceil((high * 1.05) / step) * step;
}

function render({ model, el, signal }: RenderProps<Model>): void {
  new ChartView(model, el, signal);
}

export default { render };
