/** Whether the kernel that drew a widget is still there, as far as the host tells. */

/** A signal of JupyterLab's. */
interface Signal {
  connect(slot: (sender: unknown, value?: unknown) => void): void;
  disconnect(slot: (sender: unknown, value?: unknown) => void): void;
}

/** What is used of `model.widget_manager.kernel`. Hosts differ in what they have: what is missing costs seconds, not clicks. */
interface Kernel {
  disposed?: Signal;
  statusChanged?: Signal;
  connectionStatusChanged?: Signal;
  requestCommInfo?(content: { target_name: string }): Promise<{ content: { comms?: Record<string, unknown> } }>;
}

/** What anywidget hands to a view, and a little more that ipywidgets' models have. */
interface HostModel {
  on(name: "comm_live_update", heard: (this: unknown) => void): void;
  off(name: "comm_live_update", heard: (this: unknown) => void): void;
  widget_manager?: unknown;
}

interface Told {
  /** The kernel is gone, and with it everything this widget talked to. It does not come back. */
  lost(): void;
  /** The connection was broken and is back; what was under way may not have arrived. */
  back?(): void;
}

/** Tells until `signal` aborts; says it at once if the widget was drawn from a saved state, with no kernel. */
export function watchKernel(given: unknown, el: HTMLElement, signal: AbortSignal, { lost, back }: Told): void {
  const model = given as HostModel;
  // ipywidgets calls with its view as `this`; whoever else tells of a change says that the end has come.
  function changed(this: unknown): void {
    if (!(this as { model?: { comm_live?: boolean } } | undefined)?.model?.comm_live) lost();
  }
  model.on("comm_live_update", changed);
  signal.addEventListener("abort", () => model.off("comm_live_update", changed));
  const kernel = kernelOf(given);
  listen(kernel?.disposed, signal, lost);
  listen(kernel?.statusChanged, signal, (_kernel, status) => status === "dead" && lost());
  listen(kernel?.connectionStatusChanged, signal, (_kernel, status) => status === "connected" && back?.());
  if (el.closest(".jupyter-widgets-disconnected")) lost();
}

/**
 * Whether the kernel, asked, does not know the widget `id`: another page may have restarted it, of which this one hears
 * nothing. A kernel that is busy answers later, and a host that cannot ask never says so.
 */
export async function isStranger(model: unknown, id: string): Promise<boolean> {
  const reply = await kernelOf(model)?.requestCommInfo?.({ target_name: "jupyter.widget" });
  const known = reply?.content.comms;
  return known !== undefined && !(id in known);
}

function kernelOf(model: unknown): Kernel | undefined {
  return ((model as HostModel).widget_manager as { kernel?: Kernel } | undefined)?.kernel;
}

function listen(source: Signal | undefined, signal: AbortSignal, slot: (sender: unknown, value?: unknown) => void): void {
  source?.connect(slot);
  signal.addEventListener("abort", () => source?.disconnect(slot));
}
