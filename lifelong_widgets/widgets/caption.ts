/** A heading with a second line, or a line of status: the words around the controls, and what went wrong with them. */
import type { RenderProps } from "@anywidget/types";
import { errorLine, h, markOff, setText } from "./front/dom";
import { language } from "./front/i18n";
import { watchKernel } from "./front/kernel";
import { mendControls } from "./front/mend";
import { followTheme } from "./front/theme";

interface Model {
  title: string;
  text: string;
  error: string;
  note: string;
  help: string;
  busy: boolean;
  locale: string;
  language: string;
}

const SHOWN = ["title", "text", "error", "note", "help", "busy"];

function render({ model, el, signal }: RenderProps<Model>): void {
  const { tag, say } = language(model.get("locale"));
  const text = h("small");
  const title = h("span");
  const error = errorLine();
  const note = h("p", { class: "llw-note", hidden: true });
  // A line of status alone is no heading.
  const line = h(model.get("title") ? "h3" : "div", { class: "llw-heading" }, title, text);
  const root = h("div", { class: "llw llw-caption", lang: tag }, line, note, error.element);
  el.append(root);
  followTheme(root, signal);
  // The boxes around this line are drawn by the host: they learn the theme from here, once this line is in them.
  let lost = false;
  // Controls belong to the host, which leaves them as they are when the kernel has gone: they would do nothing.
  const shut = () => {
    for (const control of root.closest(".llw-box")?.children ?? [])
      if (!control.contains(root)) control.setAttribute("inert", "");
  };
  const dress = () => {
    if (signal.aborted) return;
    if (!root.isConnected) requestAnimationFrame(dress);
    else if (lost) shut();
    for (let box = root.closest<HTMLElement>(".llw-box"); box; box = box.parentElement?.closest(".llw-box") ?? null)
      followTheme(box, signal);
    const nearest = root.closest<HTMLElement>(".llw-box");
    if (nearest) mendControls(nearest, signal);
  };
  dress();
  const show = () => {
    setText(title, model.get("title"));
    setText(text, model.get("text"));
    note.hidden = !model.get("note");
    setText(note, model.get("note") ?? "");
    text.title = model.get("help");
    // What changes many times a second is read aloud only when it has come to rest.
    text.setAttribute("aria-live", model.get("busy") ? "off" : "polite");
    error.show(model.get("error"));
  };
  for (const name of SHOWN) model.on(`change:${name}`, show);
  signal.addEventListener("abort", () => {
    for (const name of SHOWN) model.off(`change:${name}`, show);
  });
  show();
  watchKernel(model, el, signal, {
    lost() {
      lost = true;
      markOff(root, line, say("status.off"));
      shut();
    },
  });
  // Labels that Python writes follow the language that the browser chose.
  if (model.get("language") !== tag) {
    model.set("language", tag);
    model.save_changes();
  }
}

export default { render };
