/** Which theme the host wears, and when it changes. */
export type Theme = "light" | "dark" | "contrast";

const WATCHED = ["data-jp-theme-light", "data-jp-theme-name", "data-vscode-theme-kind", "data-theme", "class"];

/** JupyterLab, VS Code and Sphinx each say it their own way; an iframe's parents may know what it does not. */
export function hostTheme(element: Element): Theme {
  for (const body of bodies(element)) {
    const said = told(body) ?? told(body.ownerDocument.documentElement);
    if (said) return said;
  }
  if (matchMedia("(prefers-contrast: more)").matches && matchMedia("(prefers-color-scheme: dark)").matches)
    return "contrast";
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Writes the theme on `root` now and at every change, until `signal` aborts; `changed` may then redraw. */
export function followTheme(root: HTMLElement, signal: AbortSignal, changed: () => void = () => {}): void {
  const apply = () => {
    const theme = hostTheme(root);
    if (root.dataset.llwTheme === theme) return;
    root.dataset.llwTheme = theme;
    changed();
  };
  const observer = new MutationObserver(apply);
  for (const body of bodies(root)) {
    observer.observe(body, { attributes: true, attributeFilter: WATCHED });
    observer.observe(body.ownerDocument.documentElement, { attributes: true, attributeFilter: WATCHED });
  }
  for (const query of ["(prefers-color-scheme: dark)", "(prefers-contrast: more)"])
    matchMedia(query).addEventListener("change", apply, { signal });
  signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  apply();
}

function told(element: Element): Theme | null {
  const jupyter = element.getAttribute("data-jp-theme-light");
  if (jupyter === "true") return "light";
  if (jupyter) return /contrast/i.test(element.getAttribute("data-jp-theme-name") ?? "") ? "contrast" : "dark";
  const code = element.getAttribute("data-vscode-theme-kind");
  if (code) return /high-contrast(?!-light)/.test(code) ? "contrast" : /light/.test(code) ? "light" : "dark";
  const plain = element.getAttribute("data-theme");
  if (plain === "light" || plain === "dark" || plain === "contrast") return plain;
  return null;
}

/** The bodies of this document and, as far as they may be read, of the documents around it. */
function* bodies(element: Element): Generator<HTMLElement> {
  let view: Window | null = element.ownerDocument.defaultView;
  while (view) {
    const body: HTMLElement | null = bodyOf(view);
    if (!body) return;
    yield body;
    if (view.parent === view) return;
    view = view.parent;
  }
}

function bodyOf(view: Window): HTMLElement | null {
  try {
    return view.document.body;
  } catch {
    return null; // a parent of another origin
  }
}
