"""What is tested: the verbs of a learner, and what has to hold before a log is put to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.data.feedback import check_same_kinds
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import DataError


class Ranked(Protocol):
    """What a learner answers with: at least the ids, best first."""

    @property
    def items(self) -> Sequence[Id]:
        """The ids of the list, best first."""


class Learner(Protocol):
    """What can be tested here: `Recommender`, `RecencyPopularity`, or yours with the same verbs."""

    @property
    def catalog(self) -> Catalog:
        """The items that it can recommend; it may be shared with other learners."""

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Ranked:
        """The best `k` items for `user`; a prediction changes nothing."""

    def learn_one(self, feedback: Feedback) -> Any:
        """Learn from one event. An answer with a true `alarm` puts a mark on the curve."""

    def observe(self, feedback: Feedback) -> Any:
        """Take one event into the history without learning from it."""


def rank_of(item: Id, items: Sequence[Id]) -> int:
    """The place of `item` in a list, from 1; 0 if it is not there.

    >>> rank_of("b", ("a", "b")), rank_of("c", ("a", "b"))
    (2, 0)
    """
    return items.index(item) + 1 if item in items else 0


def admit(item: Id, catalog: Catalog, arrivals: Catalog | None) -> bool:
    """Add `item` to `catalog`, as `arrivals` knows it or else by its id alone; False if it is there."""
    if item in catalog:
        return False
    known = arrivals is not None and item in arrivals
    catalog.add(arrivals[item] if known and arrivals else {"item": item})
    return True


def check_ids(learners: Mapping[str, Learner], log: Interactions, arrivals: Catalog | None) -> None:
    """What would stop the run half-way, found before it starts."""
    catalogs = [learner.catalog for learner in learners.values()]
    if arrivals is not None:
        for catalog in catalogs:
            missing = set(arrivals.text_columns) - set(catalog.text_columns)
            if missing:
                raise DataError(
                    f"arrivals has the text column {min(missing)!r}, which a learner's catalogue lacks; "
                    "make both from the same columns, for instance catalog = arrivals.subset(ids)"
                )
        catalogs.append(arrivals)
    for catalog in {id(catalog): catalog for catalog in catalogs}.values():
        for item in log.items:
            catalog.index.get(item)  # refuses 196 where "196" is known
    for learner in learners.values():
        users = getattr(learner, "users", None)
        if isinstance(users, IdIndex):
            for user in log.users:
                users.get(user)


def check_kinds(learners: Mapping[str, Learner], log: Interactions) -> None:
    """Refuse a log with kinds of feedback that a learner does not know, or that mean something else to it."""
    for learner in learners.values():
        kinds = getattr(learner, "kinds", None)
        if isinstance(kinds, FeedbackKinds):
            check_same_kinds(log.kinds, log.kind_names, kinds)
