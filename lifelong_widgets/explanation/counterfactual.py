"""What a person would have had to leave undone for an item not to be in their list."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import cell, shorten
from lifelong_widgets.explanation.explanation import PastEvent

_MOST_LISTS = 1_000  # that are made to find one
_TRIED = 8  # events that are tried for each place, those without which alone the item falls furthest

Gone = frozenset[int]
"""The places of the events that are taken out of a person's past."""


class Standing(NamedTuple):
    """Where an item stands in a list.

    Attributes:
        rank: from 1; None if it is not in it.
        margin: its score less that of the first item outside, or the last one inside.
        instead: the item in the last place, by its index; None in an empty list.
    """

    rank: int | None
    margin: float
    instead: int | None


class Found(NamedTuple):
    """What `search` found.

    Attributes:
        gone: without which the item is not in the list; empty if there is none.
        stays_without_any: whether the item is in the list of somebody without a past.
        is_smallest: whether it was tried that there is no smaller one.
        finished: False if it was broken off, or would have taken too many lists.
        n_lists: how many lists were made.
    """

    gone: Gone
    stays_without_any: bool
    is_smallest: bool
    finished: bool
    n_lists: int


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The events without which an item is not in a person's list. Draws itself in a notebook.

    The list was made without them, as it would be if the person's past did not have them: neither network nor
    fast memory read them. What both have *learned* from them stays, and so does that of other people; what
    the person has consumed stays out of the list, so that an item does not leave it only because that of the
    event comes back. It changes nothing.

    Attributes:
        user: whose list it is.
        item: which is in it.
        title: its title.
        k: how long the list is.
        rank: where the item stands in it, from 1.
        events: to leave out, the latest first; none if no such set was found.
        instead: the title of the item in the last place of the list without them; ``""`` if there is none.
        stays_without_any: whether the item is in the list without any past, as what is popular with all is.
        is_smallest: whether no smaller set does it. Sets of one event were all tried, so it is known of one
            and of two events. Of a larger one each event is needed, but there may be another that is smaller.
        finished: False if Ctrl-C, or the bound of a thousand lists, ended the search.
        n_lists: how many lists were made.
    """

    user: Id
    item: Id
    title: str
    k: int
    rank: int
    events: tuple[PastEvent, ...]
    instead: str
    stays_without_any: bool
    is_smallest: bool
    finished: bool
    n_lists: int

    @property
    def found(self) -> bool:
        """Whether there are such events."""
        return bool(self.events)

    def to_pandas(self) -> pd.DataFrame:
        """The events: place, item, title, kind, time, amount (what each adds to the score)."""
        columns = ["place", "item", "title", "kind", "time", "amount"]
        rows = [[getattr(event, name) for name in columns] for event in self.events]
        return pd.DataFrame(rows, columns=columns)

    def __str__(self) -> str:
        """In a sentence."""
        listed = f"“{shorten(self.title, 50)}” (place {self.rank} of {self.k})"
        if self.events:
            names = ", ".join(f"{event.kind} of “{shorten(event.title, 40)}”" for event in self.events)
            least = "" if self.is_smallest else ", each of which it takes"
            instead = f"; “{shorten(self.instead, 40)}” comes in" if self.instead else ""
            return f"{listed} would not be in the list without {names}{least}{instead}"
        if not self.finished:
            return f"{listed}: no such events were found before the search ended"
        if self.stays_without_any:
            return f"{listed} would be in the list without any past: no event has to do with it alone"
        return f"{listed}: no events were found without which it would not be in the list"

    def __repr__(self) -> str:
        return f"<Counterfactual: {self}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(event.kind)}</td>"
            f"<td style='text-align:left'>{cell(event.title)}</td><td>{event.amount:+.3f}</td></tr>"
            for event in self.events
        )
        return f"<p>{html.escape(str(self))}.</p>" + (f"<table>{rows}</table>" if rows else "")


def search(
    standing: Callable[[Gone], Standing], order: Iterable[int], given_up: Callable[[], bool] = lambda: False
) -> Found:
    """A set of events without which an item is not in the list: a smallest one, or one without a spare event.

    Each event alone, first; then greedily, each time the one without which the item falls furthest; then one
    after the other is put back if the item stays out without it.

    Source: counterfactual explanations of recommendations, A. Ghazimatin et al., "PRINCE", WSDM 2020, here
    for any model: nothing is asked but lists.

    Args:
        standing: where the item stands without these events.
        order: the places of the events, those that are thought to matter most first.
        given_up: whether to stop now; asked before each list.

    >>> score = {0: 3.0, 1: 2.0, 2: 0.5}
    >>> def standing(gone: frozenset[int]) -> Standing:
    ...     margin = sum(score[event] for event in score if event not in gone) - 2.0
    ...     return Standing(1 if margin > 0 else None, margin, None)
    >>> found = search(standing, order=[2, 0, 1])
    >>> sorted(found.gone), found.is_smallest, found.stays_without_any
    ([0, 1], True, False)
    """
    known: dict[Gone, Standing] = {}
    events = list(order)

    class GivenUp(Exception):
        pass

    def at(gone: Gone) -> Standing:
        if gone not in known:
            if len(known) >= _MOST_LISTS or given_up():
                raise GivenUp
            known[gone] = standing(gone)
        return known[gone]

    best: Gone = frozenset()
    stays = False
    try:
        stays = at(frozenset(events)).rank is not None
        alone = sorted(events, key=lambda event: at(frozenset([event])).margin)
        out = [event for event in alone if at(frozenset([event])).rank is None]
        if out:
            return Found(frozenset(out[:1]), stays, True, True, len(known))
        gone: Gone = frozenset(alone[:1])
        while at(gone).rank is not None and len(gone) < len(events):
            left = [event for event in alone if event not in gone][:_TRIED]
            gone = min((gone | {event} for event in left), key=lambda more: at(more).margin)
        if at(gone).rank is not None:  # one after the other did not do it: all of them?
            return Found(frozenset(), stays, False, True, len(known))
        best, smaller = gone, True
        while smaller:
            smaller = False
            for event in sorted(best, key=lambda event: -at(frozenset([event])).margin):
                if len(best) > 1 and at(best - {event}).rank is None:
                    best, smaller = best - {event}, True
    except GivenUp:
        return Found(best, stays, False, False, len(known))
    return Found(best, stays, len(best) <= 2, True, len(known))
