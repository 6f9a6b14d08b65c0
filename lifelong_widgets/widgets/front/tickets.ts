/** Names and numbers for what a page tells the kernel. */
export interface Ticket {
  /** A name, under which it counts once however often it is sent. */
  id: string;
  /** The page and a number in it: a message may overtake another on its way, and is put back in its turn. */
  page: string;
  n: number;
}

// Each widget is a module of its own, and yet they all count together.
const STREAMS = Symbol.for("lifelong-widgets.streams");
type Streams = Map<string, { page: string; n: number }>;

/** The next ticket of this page on a session, whichever of its views asks. */
export function ticket(session: string): Ticket {
  const here = globalThis as { [STREAMS]?: Streams };
  const streams: Streams = (here[STREAMS] ??= new Map());
  let stream = streams.get(session);
  if (!stream) streams.set(session, (stream = { page: fresh(), n: 0 }));
  stream.n += 1;
  return { id: fresh(), page: stream.page, n: stream.n };
}

/** A name that nothing else has. */
function fresh(): string {
  return crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
}
