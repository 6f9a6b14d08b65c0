"""The values of a list, as a table."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import pandas as pd

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import cell, shorten


@dataclass(frozen=True, slots=True)
class ItemValue:
    """What the place of an item is made of.

    Attributes:
        item: its id.
        title: its title.
        chance: P(a | s), how likely the click model thinks it that this one is taken, among all candidates.
        value: Q(s, a), the discounted reward from then on.
        product: P · (Q - x V), what the item is ranked by: see `ItemValues`.
        td_error: the mean size of the TD errors of the last times that somebody took it, as they are judged
            now; NaN if nobody has, or nothing is known yet of what came of it.
    """

    item: Id
    title: str
    chance: float
    value: float
    product: float
    td_error: float


class ItemValues(Sequence[ItemValue]):
    """Items for one person, with the chance and the value of each. Draws itself as a table in a notebook.

    What they are ranked by is P · (Q - x V): the chance of an item times what is gained by it, its value
    less that of what would have been taken otherwise, x V. The last column says how far its value was off.

    Attributes:
        user: whose they are.
        state_value: V, what their next click is worth, as the click model chooses; NaN if nothing is known.
        discount: γ.
        substitution: x.
        td_error: the moving mean of the size of the TD errors; NaN before the first.

    >>> ant = ItemValue(1, "Ant", chance=0.5, value=4.0, product=1.25, td_error=0.125)
    >>> ItemValues("ada", [ant], state_value=3.0, discount=0.9, substitution=0.5, td_error=0.25)
    values for 'ada': V = 3.000, γ = 0.9, x = 0.5, mean TD error 0.250
          P       Q P·(Q-xV)    |TD|
      0.500   4.000    1.250   0.125  Ant
    """

    def __init__(
        self,
        user: Id,
        rows: Sequence[ItemValue],
        state_value: float,
        discount: float,
        substitution: float,
        td_error: float,
    ) -> None:
        self.user, self.state_value, self.td_error = user, state_value, td_error
        self.discount, self.substitution = discount, substitution
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> ItemValue: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[ItemValue, ...]: ...

    def __getitem__(self, index: int | slice) -> ItemValue | tuple[ItemValue, ...]:
        return self._rows[index]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each item: item, title, chance, value, product, td_error."""
        columns = ["item", "title", "chance", "value", "product", "td_error"]
        return pd.DataFrame([[getattr(row, name) for name in columns] for row in self], columns=columns)

    @property
    def _caption(self) -> str:
        settings = f"γ = {self.discount:g}, x = {self.substitution:g}"
        return f"V = {self.state_value:.3f}, {settings}, mean TD error {self.td_error:.3f}"

    def __repr__(self) -> str:
        lines = [f"values for {self.user!r}: {self._caption}", f"{'P':>7} {'Q':>7} P·(Q-xV) {'|TD|':>7}"]
        for row in self:
            numbers = f"{row.chance:>7.3f} {row.value:>7.3f} {row.product:>8.3f} {row.td_error:>7.3f}"
            lines.append(f"{numbers}  {shorten(row.title, 50)}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        names = "".join(f"<th>{name}</th>" for name in ("P", "Q", "P·(Q−xV)", "|TD|"))
        head = f"<tr><th style='text-align:left'>title</th>{names}</tr>"
        body = "".join(
            f"<tr><td style='text-align:left'><b>{cell(row.title)}</b></td>"
            f"<td>{row.chance:.3f}</td><td>{row.value:.3f}</td><td>{row.product:.3f}</td>"
            f"<td>{row.td_error:.3f}</td></tr>"
            for row in self
        )
        caption = f"Values for {html.escape(shorten(str(self.user)))}: {self._caption}"
        return f"<table><caption>{caption}</caption>{head}{body}</table>"
