"""What cleaning took out of a log: how many, whose, which rows, and the events themselves."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data.display import html_table, shorten
from lifelong_widgets.data.ids import Id
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError

_NAMED = 3  # people that a row of the table names


@dataclass(frozen=True)
class _Step:
    rule: str
    rows: npt.NDArray[np.int64]  # in the table that the rule was given
    removed: Any
    n_before: int
    people: dict[Any, int]


class CleaningReport:
    """What one rule, or several after each other, took out of a log (or of a frame, before it is one).

    Made by the rules of `lifelong_widgets.data.cleaning`; ``first + second`` is the report of both.

    Attributes:
        rules: What each rule takes out, in words.
        counts: How many it took out.
        rows: (n_removed,) int64, ascending: their places in what the first rule was given.
        removed: The events of `rows`: an `Interactions`, or a frame.
        people: How many events each person lost, the most first.
    """

    def __init__(self, steps: tuple[_Step, ...]) -> None:
        self._steps = steps
        self.rules = [step.rule for step in steps]
        self.counts = [len(step.rows) for step in steps]
        places = np.arange(steps[0].n_before)
        for step in steps:
            places = np.delete(places, step.rows)
        self.rows = np.setdiff1d(np.arange(steps[0].n_before), places)
        lost: Counter[Any] = Counter()
        for step in steps:
            lost.update(step.people)
        self.people: dict[Id, int] = dict(lost.most_common())

    @classmethod
    def of(cls, table: Any, rows: npt.NDArray[np.int64], rule: str) -> CleaningReport:
        """The report of one `rule`, which takes `rows` (ascending) out of `table`."""
        removed = taken(table, rows)
        if isinstance(table, Interactions):
            counts = np.bincount(removed.user_codes, minlength=len(removed.users)).tolist()
            people = dict(zip(removed.users, counts, strict=True))
        else:
            named = removed["user"].dropna() if "user" in removed.columns else pd.Series(dtype=object)
            people = dict(Counter(named.tolist()))
        return cls((_Step(rule, rows, removed, len(table), people),))

    def __add__(self, other: CleaningReport) -> CleaningReport:
        """The report of both; `other` is of a rule that was given what this one left.

        Raises:
            DataError: it is not: the numbers of events do not fit.
        """
        if not isinstance(other, CleaningReport):
            return NotImplemented
        left, given = self._n_left, other._steps[0].n_before
        if left != given or type(self._steps[0].removed) is not type(other._steps[0].removed):
            raise DataError(
                f"these reports are not of rules applied one after another: the first left {left:,} events "
                f"and the second was given {given:,}"
            )
        return CleaningReport(self._steps + other._steps)

    @property
    def removed(self) -> Any:
        """Everything that was taken out, in its old order."""
        last = taken(self._steps[-1].removed, np.zeros(0, dtype=np.int64))
        return self._put_back(last, only_removed=True)

    def restore(self, cleaned: Any) -> Any:
        """The log (or frame) as it was before, out of what was left of it.

        Raises:
            DataError: `cleaned` is not what the rules left: it has another number of events, or is no log.
        """
        wanted = type(self._steps[0].removed)
        if not isinstance(cleaned, wanted) or len(cleaned) != self._n_left:
            size = f" of {len(cleaned):,}" if isinstance(cleaned, (Interactions, pd.DataFrame)) else ""
            raise DataError(
                f"the rules left an {wanted.__name__} of {self._n_left:,}; give it back, not a "
                f"{type(cleaned).__name__}{size}"
            )
        return self._put_back(cleaned)

    def _put_back(self, table: Any, only_removed: bool = False) -> Any:
        places = np.arange(self._steps[0].n_before)
        parts = []
        for step in self._steps:
            parts.append((places[step.rows], step.removed))
            places = np.delete(places, step.rows)
        if not only_removed:
            parts.append((places, table))
        order = np.argsort(np.concatenate([at for at, _ in parts]), kind="stable")
        return taken(_joined([part for _, part in parts]), order)

    @property
    def _n_left(self) -> int:
        return self._steps[-1].n_before - len(self._steps[-1].rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def _caption(self) -> str:
        what = "events" if isinstance(self._steps[0].removed, Interactions) else "rows"
        return f"{len(self):,} of {self._steps[0].n_before:,} {what} removed"

    def __repr__(self) -> str:
        each = ", ".join(f"{n:,} as {rule}" for n, rule in zip(self.counts, self.rules, strict=True))
        return f"CleaningReport({self._caption}: {each})"

    def to_pandas(self) -> pd.DataFrame:
        """A frame with a row for each rule: ``rule``, ``removed``, ``share``, ``people`` and ``most``."""
        return pd.DataFrame(
            {
                "rule": self.rules,
                "removed": self.counts,
                "share": [len(step.rows) / max(step.n_before, 1) for step in self._steps],
                "people": [len(step.people) for step in self._steps],
                "most": [_most(step.people) for step in self._steps],
            }
        )

    def _repr_html_(self) -> str:
        rows = [
            (row.rule, f"{row.removed:,}", f"{row.share:.2%}", f"{row.people:,}", row.most)
            for row in self.to_pandas().itertuples()
        ]
        return html_table(self._caption, ("rule", "removed", "share", "people", "most of them by"), rows)


def taken(table: Any, rows: npt.NDArray[np.int64]) -> Any:
    """The `rows` of a log or of a frame, in the order given."""
    if isinstance(table, pd.DataFrame):
        return table.iloc[rows]
    return table.take(rows)


def _joined(tables: list[Any]) -> Any:
    if isinstance(tables[0], pd.DataFrame):
        return pd.concat(tables)

    def merged(ids: str, codes: str) -> tuple[list[Any], npt.NDArray[np.int64]]:
        known: dict[Any, int] = {}
        parts = []
        for table in tables:
            own = [known.setdefault(id, len(known)) for id in getattr(table, ids)]
            parts.append(np.array(own, dtype=np.int64)[getattr(table, codes)])
        return list(known), np.concatenate(parts)

    users, user_codes = merged("users", "user_codes")
    items, item_codes = merged("items", "item_codes")
    kind_names, kind_codes = merged("kind_names", "kind_codes")
    times = np.concatenate([table.times for table in tables])
    values = np.concatenate([table.values for table in tables])
    kinds = tables[0].kinds
    return Interactions(users, items, kind_names, user_codes, item_codes, kind_codes, times, values, kinds)


def _most(people: dict[Any, int]) -> str:
    top = Counter(people).most_common(_NAMED)
    return ", ".join(f"{shorten(str(name), 20)} ({count:,})" for name, count in top)
