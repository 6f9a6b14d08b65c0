/** What was sent to the kernel and has no answer yet. It is sent again under the same id, which the kernel recognises. */
const PATIENCE = 4_000;
const LONGEST = 32_000;

interface Mail {
  readonly id: string;
}

interface Waiting<M> {
  readonly message: M;
  readonly since: number;
}

export class Outbox<M extends Mail> {
  private readonly waiting = new Map<string, Waiting<M>>();
  private patience = PATIENCE;
  private timer = 0;

  /** `late` is called when nothing was answered for seconds, and with false once something is. */
  constructor(
    private readonly send: (message: M) => void,
    private readonly late: (is: boolean) => void,
  ) {}

  get messages(): M[] {
    return [...this.waiting.values()].map(({ message }) => message);
  }

  post(message: M): void {
    this.waiting.set(message.id, { message, since: performance.now() });
    if (!this.timer) this.wait();
    this.send(message);
  }

  /** The kernel has answered `ids`. Returns when the oldest of ours among them was sent; undefined if none is ours. */
  settle(ids: string[]): number | undefined {
    let since: number | undefined;
    for (const id of ids) {
      since ??= this.waiting.get(id)?.since;
      this.waiting.delete(id);
    }
    if (since === undefined) return undefined;
    this.late(false);
    this.patience = PATIENCE;
    this.wait();
    return since;
  }

  /** Sends everything again, in its order: after a broken connection, and when there was no answer for long. */
  resend(): void {
    for (const message of this.messages) this.send(message);
  }

  clear(): void {
    this.waiting.clear();
    this.wait();
  }

  private wait(): void {
    clearTimeout(this.timer);
    this.timer = this.waiting.size ? window.setTimeout(() => this.askAgain(), this.patience) : 0;
  }

  private askAgain(): void {
    this.patience = Math.min(2 * this.patience, LONGEST);
    this.wait();
    this.late(true);
    this.resend();
  }
}
