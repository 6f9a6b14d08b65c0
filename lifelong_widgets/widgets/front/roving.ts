/** One tab stop for the whole list; the arrows move inside it, along the cards and along a card's buttons. */
import type { Card } from "./card";

/** Where the focus is: a card by its place, and -1 for the card itself or the number of one of its buttons. */
interface Spot {
  row: number;
  column: number;
}

export class Roving {
  private cards: Card[] = [];
  private spot: Spot = { row: 0, column: -1 };

  constructor(private readonly list: HTMLElement) {
    list.addEventListener("focusin", (event) => this.enter(event.target as Element));
  }

  /** The card that has the focus, if any has. */
  get focused(): Card | undefined {
    const active = this.active();
    return active ? this.cards.find((card) => card.element.contains(active)) : undefined;
  }

  /** Takes the new order. If the focused card has left, the focus goes to the card now in its place. */
  arrange(cards: Card[], hadFocus: boolean): void {
    this.cards = cards;
    const card = this.focused;
    if (card) this.spot.row = cards.indexOf(card);
    this.spot.row = Math.max(0, Math.min(this.spot.row, cards.length - 1));
    this.mark();
    if (hadFocus && !card) this.focus();
  }

  /** Gives the focus to the current card, or to its button where the focus was last. */
  focus(): void {
    this.target()?.focus({ preventScroll: true });
  }

  hasFocus(): boolean {
    return this.active() !== null;
  }

  /** Moves the focus if `key` asks for it; says whether it did. */
  move(key: string): boolean {
    const columns = this.columns(this.spot.row);
    const last = this.cards.length - 1;
    const { row, column } = this.spot;
    const next: Spot | undefined = {
      ArrowDown: { row: Math.min(row + 1, last), column },
      ArrowUp: { row: Math.max(row - 1, 0), column },
      ArrowRight: { row, column: Math.min(column + 1, columns - 1) },
      ArrowLeft: { row, column: Math.max(column - 1, -1) },
      Home: { row: 0, column },
      End: { row: last, column },
    }[key];
    if (!next) return false;
    // A card whose other kinds are unfolded has more buttons than the next.
    this.spot = { row: next.row, column: Math.min(next.column, this.columns(next.row) - 1) };
    this.mark();
    this.target()?.focus();
    return true;
  }

  private columns(row: number): number {
    return this.cards[row]?.buttons.filter((button) => !button.disabled).length ?? 0;
  }

  private active(): Element | null {
    const active = (this.list.getRootNode() as Document | ShadowRoot).activeElement;
    return active && this.list.contains(active) ? active : null;
  }

  private enter(element: Element): void {
    const row = this.cards.findIndex((card) => card.element.contains(element));
    if (row < 0) return;
    const column = this.cards[row]?.buttons.findIndex((button) => button === element) ?? -1;
    this.spot = { row, column };
    this.mark();
  }

  private target(): HTMLElement | undefined {
    const card = this.cards[this.spot.row];
    const button = card?.buttons[this.spot.column];
    return button && !button.disabled ? button : card?.element;
  }

  /** Tab reaches the current card and then its buttons; every other card is reached by the arrows. */
  private mark(): void {
    this.cards.forEach((card, row) => {
      const here = row === this.spot.row ? 0 : -1;
      card.element.tabIndex = here;
      for (const button of card.buttons) button.tabIndex = here;
    });
  }
}
