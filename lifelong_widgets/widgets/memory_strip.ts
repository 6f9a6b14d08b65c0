/** What the replay buffer holds, one bar an event, coloured by category; replayed events flash. */
import type { AnyModel, RenderProps } from "@anywidget/types";
import { cssColour, errorLine, h, markOff, reducedMotion, setText } from "./front/dom";
import { type Language, language } from "./front/i18n";
import { watchKernel } from "./front/kernel";
import { followTheme } from "./front/theme";

interface Snapshot {
  /** Grows with every picture; what was seen may shrink, by an undo. */
  version: number;
  kept: number;
  seen: number;
  capacity: number;
  /** What gives way when the memory is full. */
  retention: string;
  /** Every how many slots one is drawn. */
  every: number;
  categories: { name: string; share: number }[];
  other: number;
  /** The one category that all the others have, if it is one. */
  otherName?: string | null;
  replayed: number;
  /** For each bar: its category (255: other), its height in 255ths, and whether it was replayed just now. */
  colours: DataView;
  heights: DataView;
  hot: DataView;
}

interface Model {
  snapshot: Snapshot;
  locale: string;
}

const HEIGHT = 32;
const FLASH = 900;

class StripView {
  private readonly words: Language;
  private readonly root: HTMLElement;
  private readonly subtitle = h("small");
  private readonly canvas = h("canvas", { class: "llw-strip", role: "img" });
  private readonly legend = h("div", { class: "llw-legend" });
  private readonly error = errorLine();
  private latest: Snapshot | null = null;
  private flashed = 0;
  private frame = 0;

  constructor(model: AnyModel<Model>, el: HTMLElement, signal: AbortSignal) {
    this.words = language(model.get("locale"));
    const heading = h("h3", { class: "llw-heading" }, this.words.say("memory.title"), this.subtitle);
    this.root = h(
      "section",
      { class: "llw llw-part llw-memory", lang: this.words.tag },
      heading,
      this.error.element,
      this.canvas,
      this.legend,
    );
    el.append(this.root);
    followTheme(this.root, signal, () => this.schedule());
    const changed = () => this.take(model.get("snapshot"));
    const told = (message: { type: string; snapshot?: Snapshot; message?: string }, buffers: DataView[]) => {
      const [colours, heights, hot] = buffers;
      if (message.type === "frame" && message.snapshot && colours && heights && hot)
        this.take({ ...message.snapshot, colours, heights, hot });
      if (message.type === "error") this.error.show(message.message ?? "");
    };
    model.on("change:snapshot", changed);
    model.on("msg:custom", told);
    const resize = new ResizeObserver(() => this.schedule());
    resize.observe(this.canvas);
    signal.addEventListener("abort", () => {
      model.off("change:snapshot", changed);
      model.off("msg:custom", told);
      resize.disconnect();
      cancelAnimationFrame(this.frame);
    });
    watchKernel(model, el, signal, { lost: () => markOff(this.root, heading, this.words.say("status.off")) });
    this.take(model.get("snapshot"));
  }

  private take(snapshot: Snapshot): void {
    if (!snapshot?.colours || (this.latest && snapshot.version < this.latest.version)) return;
    const again = this.latest?.seen === snapshot.seen;
    this.latest = snapshot;
    if (!again) this.flashed = performance.now();
    this.showWords(snapshot);
    this.schedule();
  }

  private schedule(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  private draw(now: number): void {
    const snapshot = this.latest;
    const context = this.canvas.getContext("2d");
    const width = this.canvas.clientWidth;
    if (!snapshot || !context || width === 0) return;
    const ratio = devicePixelRatio;
    const [w, hgt] = [Math.round(width * ratio), HEIGHT * ratio];
    if (this.canvas.width !== w || this.canvas.height !== hgt) Object.assign(this.canvas, { width: w, height: hgt });
    context.clearRect(0, 0, w, hgt);
    const palette = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => cssColour(this.root, `--llw-cat-${i}`));
    const other = cssColour(this.root, "--llw-cat-other");
    const hot = cssColour(this.root, "--llw-fg0");
    const bars = snapshot.colours.byteLength;
    // A buffer that is not full leaves room for what is still to come.
    const places = Math.max(bars, Math.min(160, Math.ceil(snapshot.capacity / snapshot.every)));
    const pitch = w / places;
    const bar = Math.max(1, Math.min(pitch * 0.72, 4 * ratio));
    // With reduced motion the replayed bars are marked and stay so; otherwise the mark fades.
    const glow = reducedMotion() ? 1 : Math.max(0, 1 - (now - this.flashed) / FLASH);
    for (let i = 0; i < bars; i++) {
      const tall = (hgt - 4 * ratio) * (snapshot.heights.getUint8(i) / 255);
      const x = i * pitch;
      context.globalAlpha = 0.78;
      context.fillStyle = palette[snapshot.colours.getUint8(i)] ?? other;
      context.fillRect(x, hgt - tall, bar, tall);
      if (glow > 0 && snapshot.hot.getUint8(i)) {
        context.globalAlpha = glow;
        context.fillStyle = hot;
        context.fillRect(x - 0.5 * ratio, 0, bar + ratio, hgt);
      }
    }
    if (glow > 0 && !reducedMotion() && snapshot.replayed > 0) this.schedule();
  }

  private showWords(snapshot: Snapshot): void {
    const { words } = this;
    const { kept, seen, every, replayed, categories } = snapshot;
    const facts = [
      words.say("memory.kept", { kept, seen }),
      words.say(`memory.retention.${snapshot.retention}`),
      replayed > 0 ? words.say("memory.replayed", { n: replayed }) : "",
    ].filter(Boolean);
    setText(this.subtitle, kept ? facts.join(" · ") : words.say("memory.empty"));
    this.subtitle.title = words.say(`memory.help.${snapshot.retention}`, { n: every });
    const percent = (share: number) => `${words.number(100 * share)} %`;
    const entries: [string, string, number][] = categories.map(({ name, share }, i) => [`--llw-cat-${i}`, name, share]);
    if (snapshot.other >= 0.005) entries.push(["--llw-cat-other", snapshot.otherName ?? words.say("memory.other"), snapshot.other]);
    this.legend.replaceChildren(
      ...entries.map(([colour, name, share]) => {
        const mark = h("i");
        mark.style.color = `var(${colour})`;
        return h("span", {}, mark, `${name} `, h("b", {}, percent(share)));
      }),
    );
    const shares = entries.map(([, name, share]) => `${name} ${percent(share)}`).join(", ");
    this.canvas.setAttribute("aria-label", kept ? words.say("memory.summary", { kept, seen, shares }) : words.say("memory.empty"));
  }
}

function render({ model, el, signal }: RenderProps<Model>): void {
  new StripView(model, el, signal);
}

export default { render };
