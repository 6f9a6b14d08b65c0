// One of JupyterLab's signals.
class Signal {
  slots = new Set();
  connect(slot) { this.slots.add(slot); }
  disconnect(slot) { this.slots.delete(slot); }
  emit(value) { for (const slot of this.slots) slot(null, value); }
}

// A model without a kernel: enough of the front end's protocol to draw one widget, and a record of what it sends.
export class StubModel {
  constructor(state) {
    this.state = state;
    this.sent = [];
    this.handlers = new Map();
    const kernel = { disposed: new Signal(), statusChanged: new Signal(), connectionStatusChanged: new Signal() };
    this.widget_manager = { kernel };
  }
  get(name) { return this.state[name]; }
  set(name, value) {
    this.state[name] = value;
    this.emit(`change:${name}`);
  }
  save_changes() {}
  on(name, handler) { this.handlers.set(name, [...(this.handlers.get(name) ?? []), handler]); }
  off(name, handler) { this.handlers.set(name, (this.handlers.get(name) ?? []).filter((known) => known !== handler)); }
  emit(name, ...values) { for (const handler of this.handlers.get(name) ?? []) handler(...values); }
  send(message) { this.sent.push(message); }
  receive(message, buffers = []) { this.emit("msg:custom", message, buffers); }
}

// JSON has no bytes: {"$float32": [...]} and {"$uint8": [...]} stand for them.
export function revive(_key, value) {
  if (value?.$float32) return new DataView(Float32Array.from(value.$float32, (v) => v ?? NaN).buffer);
  if (value?.$uint8) return new DataView(Uint8Array.from(value.$uint8).buffer);
  return value;
}

export async function mount(esm, css, state, element) {
  element.ownerDocument.head.append(Object.assign(document.createElement("style"), { textContent: css }));
  const module = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  const model = new StubModel(JSON.parse(state, revive));
  const controller = new AbortController();
  await module.default.render({ model, el: element, signal: controller.signal });
  return { model, controller };
}
