"""Every hyperparameter there is, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import pandas as pd

from lifelong_widgets.assembly import make_parts
from lifelong_widgets.parts import Hyperparameter, hyperparameters


class SettingsTable(Sequence[Hyperparameter]):
    """Hyperparameters with their defaults, what they may be, and what they are for. Made by `settings`."""

    def __init__(self, rows: Sequence[Hyperparameter]) -> None:
        self._rows = tuple(rows)

    @overload
    def __getitem__(self, at: int) -> Hyperparameter: ...
    @overload
    def __getitem__(self, at: slice) -> SettingsTable: ...
    def __getitem__(self, at: int | slice) -> Hyperparameter | SettingsTable:
        return SettingsTable(self._rows[at]) if isinstance(at, slice) else self._rows[at]

    def __len__(self) -> int:
        return len(self._rows)

    def to_pandas(self) -> pd.DataFrame:
        """One row a hyperparameter, by name: its part, default, what is allowed, whether live, and help."""
        rows = [(row.part, str(row.default), row.allowed, row.live, row.help) for row in self]
        index = pd.Index([row.name for row in self], name="setting")
        return pd.DataFrame(rows, index=index, columns=["part", "default", "allowed", "live", "help"])

    def __repr__(self) -> str:
        lines = []
        for row in self:
            live = "; live" if row.live else ""
            lines += [f"{row.name}={row.default}   ({row.part}; {row.allowed}{live})", f"    {row.help}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        frame = self.to_pandas().assign(live=["live" if row.live else "" for row in self]).reset_index()
        with pd.option_context("display.max_colwidth", None):
            return str(frame.to_html(index=False, justify="left", border=0))


def settings() -> SettingsTable:
    """Every hyperparameter that `Recommender` takes by name; ``live`` ones may change between two events.

    >>> import lifelong_widgets as lw
    >>> table = lw.settings()
    >>> table.to_pandas().loc["learning_rate", ["part", "default", "allowed"]].tolist()
    ['updater', '0.0002', '1e-06 … 0.1']
    >>> table[0]  # doctest: +ELLIPSIS
    Hyperparameter(part='features', name='text_features', ...)
    """
    return SettingsTable(hyperparameters(make_parts({})))
