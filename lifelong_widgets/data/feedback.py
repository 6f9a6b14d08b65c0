"""One event, and what its kind is worth."""

from __future__ import annotations

import decimal
import math
import numbers
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from lifelong_widgets.data.display import brief, html_table, listing, near, shorten
from lifelong_widgets.data.frames import FIRST_SECOND, LARGEST_VALUE, LAST_SECOND, Time, moment
from lifelong_widgets.data.ids import Id, as_id, as_ids
from lifelong_widgets.errors import DataError

MOST_KINDS = 1000
"""How many kinds there can be. People know ten; ten thousand are ids in the wrong column."""

HEAVIEST = 1000.0
"""The largest weight. A single far larger gradient would stay in the optimizer's moments for ever."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person did with one item: a click, a purchase, a skip …

    Attributes:
        user: who.
        item: with what.
        kind: the name of a `FeedbackKind`.
        time: seconds since 1970-01-01 UTC, within the years 1 to 9999, or None for "now, in the order of
            arrival".
        value: a number that came with it (stars, a price, seconds of play), or None.
            `time` is read by the fast memory (how recent, how popular when); `value` is recorded only: one
            star and five are worth the same in a log of ratings, unless `Interactions.from_ratings` makes
            likes and dislikes of them.
        shown: the list that was on screen, best first. It makes the event a test of that list.
        id: a name for this very event, of at most 1000 characters, or None. `LiveSession` counts a repeated
            id once, such as a click that a browser sends twice; the engine itself does not look at it and
            learns it again.

    Raises:
        DataError: an id, the time or the value cannot be used.

    >>> Feedback("ada", "b042", kind="like").kind
    'like'
    """

    user: Id
    item: Id
    kind: str = "click"
    time: float | None = None
    value: float | None = None
    shown: tuple[Id, ...] | None = None
    id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "user", as_id(self.user, "user"))
        object.__setattr__(self, "item", as_id(self.item, "item"))
        object.__setattr__(self, "kind", _name(self.kind, "the kind of a feedback", "a name such as 'click'"))
        if self.time is not None:
            object.__setattr__(self, "time", as_seconds(self.time, "the time of a feedback"))
        if self.value is not None:
            object.__setattr__(self, "value", _value(self.value))
        if self.shown is not None:
            object.__setattr__(self, "shown", _shown(self.shown))
        if self.id is not None:
            name = _name(self.id, "the id of a feedback", "a non-empty string or None")
            object.__setattr__(self, "id", name)


def feedback_of(
    verb: str,
    feedback: object,
    more: tuple[object, ...],
    user: Id | None,
    item: Id | None,
    kind: str,
    time: Time | None,
    value: float | None,
    shown: Sequence[Id] | None,
    id: str | None,
) -> Feedback:
    """The event that `verb` was given: a `Feedback`, or its fields, whose time may be a date.

    Raises:
        DataError: it was given both, several, something else, or a field that cannot be used.
    """
    if more:
        raise DataError(
            f"{verb} takes one Feedback, or its fields by name: {verb}(user=…, item=…, kind='like')"
        )
    if feedback is None:
        return Feedback(
            user=as_id(user, "user"),
            item=as_id(item, "item"),
            kind=kind,
            time=time if time is None or isinstance(time, (int, float)) else moment(time),
            value=value,
            shown=shown,  # type: ignore[arg-type]  # any sequence of ids; Feedback checks and keeps a tuple
            id=id,
        )
    fields = {"user": user, "item": item, "time": time, "value": value, "shown": shown, "id": id}
    beside = [name for name, given in fields.items() if given is not None]
    if kind != "click":
        beside.append("kind")
    if beside:
        raise DataError(f"{verb} takes a Feedback or its fields by name, not both: {', '.join(beside)}")
    if not isinstance(feedback, Feedback):
        given = type(feedback).__name__
        raise DataError(f"{verb} takes a Feedback, or user=…, item=…, kind=… by name, not a {given}")
    return feedback


def _name(given: Any, what: str, wanted: str) -> str:
    """`given` as a string that is not empty, not longer than an id, and that every file can store."""
    if not isinstance(given, str) or not given:
        raise DataError(f"{what} is {wanted}, not {brief(given)}")
    return str(as_id(given, what.removeprefix("the ")))


def as_seconds(given: Any, what: str) -> float:
    """A moment as seconds since 1970-01-01 UTC; `what` it is the moment of is said in an error.

    Raises:
        DataError: it is not a number, or outside the years 1 to 9999.

    >>> as_seconds(60, "the time of a feedback")
    60.0
    """
    seconds = _finite(given, what, "epoch seconds; rec.learn_one(user=…, time=…) reads datetimes too")
    if not FIRST_SECOND <= seconds < LAST_SECOND:
        raise DataError(
            f"{what} is {brief(given)}, which is outside the years 1 to 9999; it is in "
            "seconds since 1970-01-01 UTC: divide milliseconds by 1000"
        )
    return seconds


def _value(given: Any) -> float:
    value = _finite(given, "the value of a feedback", "a finite number or None")
    if abs(value) > LARGEST_VALUE:  # a log of many events keeps them as float32
        raise DataError(f"the value of a feedback is {brief(given)}; it is at most {LARGEST_VALUE:.4g}")
    return value


def _finite(number: Any, what: str, remedy: str) -> float:
    if type(number) is float and math.isfinite(number):
        return number
    real = isinstance(number, (numbers.Real, decimal.Decimal))
    try:
        converted = float(number) if real and not isinstance(number, (bool, np.timedelta64)) else math.nan
    except (TypeError, ValueError, OverflowError):
        converted = math.nan
    if not math.isfinite(converted):
        raise DataError(f"{what} is {brief(number)}; it must be {remedy}")
    return converted


def _shown(items: Any) -> tuple[Id, ...]:
    if isinstance(items, (str, bytes, Set, Mapping)):
        raise DataError(
            "`shown` is the sequence of item ids that was on screen, best first, not the "
            f"{type(items).__name__} {brief(items)}"
        )
    try:
        shown = tuple(items)
        if isinstance(getattr(items, "items", None), (list, tuple)):  # recommendations, which name theirs
            shown = tuple(items.items)
    except TypeError:
        raise DataError(f"`shown` is a sequence of item ids, not {brief(items)}") from None
    return as_ids(shown, "shown item")


@dataclass(frozen=True, slots=True)
class FeedbackKind:
    """What a kind of feedback means.

    Attributes:
        name: what events call it.
        weight: how much it counts relative to other kinds, from 0 to 1000.
        positive: whether it speaks for the item.
        consumes: whether the item is done with afterwards (``exclude_seen`` hides it).
        label: what a button says; the capitalised name by default.

    Raises:
        DataError: a weight that is negative, above 1000 or not a number, an empty name, or another type.

    >>> FeedbackKind("skip", weight=0.2, positive=False).reward
    -0.2
    """

    name: str
    weight: float = 1.0
    positive: bool = True
    consumes: bool = True
    label: str = ""

    def __post_init__(self) -> None:
        name = _name(self.name, "the name of a feedback kind", "a non-empty string")
        object.__setattr__(self, "name", name)
        weight = self.weight
        number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not (number and -math.inf < weight < math.inf):  # math.isfinite() overflows for a huge int
            raise DataError(f"the weight of {brief(name)} is {brief(weight)}; it must be a finite number")
        if weight < 0:
            raise DataError(
                f"the weight of {brief(self.name)} is {brief(weight)}; a weight is not negative: "
                f"for feedback against an item use weight={brief(-weight)} and positive=False"
            )
        if weight > HEAVIEST:
            raise DataError(
                f"the weight of {brief(self.name)} is {brief(weight)}; it must be at most {HEAVIEST:g}: "
                "weights are relative, so divide those of all kinds by the same number"
            )
        object.__setattr__(self, "weight", float(weight))
        for switch in ("positive", "consumes"):
            given = getattr(self, switch)
            if not isinstance(given, (bool, np.bool_)):
                raise DataError(f"{switch} of {brief(self.name)} is {brief(given)}; it is True or False")
            object.__setattr__(self, switch, bool(given))
        if isinstance(self.label, str) and not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " ").capitalize())
        object.__setattr__(self, "label", _name(self.label, f"the label of {brief(self.name)}", "a string"))

    @property
    def reward(self) -> float:
        """`weight`, with a minus for feedback against the item."""
        return self.weight if self.positive else -self.weight


class FeedbackKinds(Mapping[str, FeedbackKind]):
    """The kinds that a log or a recommender knows, by name. Immutable; the ``with_`` methods copy.

    It shows what each is worth (the reward), and which do not consume (``may come again``): an item that was
    only viewed is still on the lists.

    >>> kinds = DEFAULT_KINDS.with_weights(like=2)
    >>> kinds["like"].reward, DEFAULT_KINDS["like"].reward
    (2.0, 1.0)
    >>> kinds["lik"]
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: unknown feedback kind 'lik'; did you mean 'like'? Known are view, \
click, rating, like, purchase, skip, dislike; for another give the log and the Recommender \
kinds=lw.DEFAULT_KINDS.with_kind(lw.FeedbackKind('lik', weight=1.0))
    """

    __slots__ = ("_kinds",)

    def __init__(self, *kinds: FeedbackKind) -> None:
        for kind in kinds:
            if not isinstance(kind, FeedbackKind):
                raise DataError(f"a kind is a FeedbackKind('like', weight=1.0), not {brief(kind)}")
        if len(kinds) > MOST_KINDS:
            raise DataError(f"{len(kinds):,} kinds of feedback; there can be {MOST_KINDS:,}")
        by_name = {kind.name: kind for kind in kinds}
        if len(by_name) < len(kinds):
            names = [kind.name for kind in kinds]
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"the feedback kind {brief(twice)} is given twice")
        self._kinds: Mapping[str, FeedbackKind] = MappingProxyType(by_name)

    def with_weights(self, **weights: float) -> FeedbackKinds:
        """A copy in which the named kinds weigh `weights`."""
        changed = {name: replace(self[name], weight=weight) for name, weight in weights.items()}
        return FeedbackKinds(*{**self._kinds, **changed}.values())

    def with_kind(self, kind: FeedbackKind) -> FeedbackKinds:
        """A copy that knows `kind` too, in place of one of the same name."""
        return FeedbackKinds(*{**self._kinds, kind.name: kind}.values())

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Every kind as plain values, ready for JSON."""
        return {name: asdict(kind) for name, kind in self._kinds.items()}

    @classmethod
    def from_dict(cls, kinds: Mapping[str, Mapping[str, Any]]) -> FeedbackKinds:
        """The inverse of `to_dict`.

        Raises:
            DataError: an entry is not what `to_dict` writes.

        >>> FeedbackKinds.from_dict(DEFAULT_KINDS.to_dict()) == DEFAULT_KINDS
        True
        """
        try:
            made = {name: FeedbackKind(**kind) for name, kind in kinds.items()}
        except (AttributeError, TypeError) as error:
            raise DataError(f"not a mapping of feedback kinds: {shorten(str(error), 200)}") from None
        for name, kind in made.items():
            if kind.name != name:
                raise DataError(f"the feedback kind {brief(kind.name)} is listed as {brief(name)}")
        return cls(*made.values())

    def __getitem__(self, name: str) -> FeedbackKind:
        try:
            return self._kinds[name]
        except (KeyError, TypeError):
            known = f"{near(name, self._kinds) or '.'} Known are {listing(self._kinds)}"
            raise DataError(
                f"unknown feedback kind {brief(name)}{known}; "
                "for another give the log and the Recommender "
                f"kinds=lw.DEFAULT_KINDS.with_kind(lw.FeedbackKind({brief(name)}, weight=1.0))"
            ) from None

    def get(self, name: object, default: Any = None) -> Any:
        """The kind called `name`, or `default`."""
        return self._kinds[name] if isinstance(name, str) and name in self._kinds else default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._kinds

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def __repr__(self) -> str:
        shown = (
            f"{name}={kind.reward:g}{'' if kind.consumes else ' (may come again)'}"
            for name, kind in self.items()
        )
        return f"FeedbackKinds({listing(shown)})"

    def _repr_html_(self) -> str:
        rows = [
            (
                kind.name,
                f"{kind.reward:+g}",
                "done with: not listed again" if kind.consumes else "may come again",
            )
            for kind in self.values()
        ]
        return html_table(
            "Kinds of feedback", ("kind", "reward", "afterwards the item is"), rows[:30], len(rows) - 30
        )


DEFAULT_KINDS = FeedbackKinds(
    FeedbackKind("view", 0.3, consumes=False),
    FeedbackKind("click", 0.5),
    FeedbackKind("rating", 1.0),
    FeedbackKind("like", 1.0),
    FeedbackKind("purchase", 1.5),
    FeedbackKind("skip", 0.2, positive=False),
    FeedbackKind("dislike", 1.0, positive=False),
)
"""The kinds that are known unless others are given."""


def check_same_kinds(of_log: FeedbackKinds, names: Iterable[str], own: FeedbackKinds) -> None:
    """Refuse a log whose kinds mean something else to the learner, whose own definitions count.

    Args:
        of_log: The kinds as the log defines them.
        names: Those that occur in it; others may differ.
        own: The kinds of the learner. Labels may differ: they are for buttons.

    Raises:
        DataError: a kind that the learner does not know, or one of another weight, sign or `consumes`.

    >>> check_same_kinds(DEFAULT_KINDS.with_weights(like=2), ["like"], DEFAULT_KINDS)
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: the log and the recommender disagree on the kind 'like': weight is \
2.0 in the log and 1.0 in the recommender, which would ignore the log's; make it with kinds=log.kinds, as \
Recommender(catalog, kinds=log.kinds), or recipe.recommender(catalog, kinds=log.kinds)
    """
    remedy = (
        "make it with kinds=log.kinds, as Recommender(catalog, kinds=log.kinds), or "
        "recipe.recommender(catalog, kinds=log.kinds)"
    )
    for name in names:
        kind = of_log[name]
        if name not in own:
            hint = near(name, own) or "."
            raise DataError(
                f"the log has the kind {brief(name)}, which the recommender does not know{hint} "
                f"It knows {listing(own)}; {remedy}"
            )
        differences = [
            f"{field} is {getattr(kind, field)} in the log and {getattr(own[name], field)} in the recommender"
            for field in ("weight", "positive", "consumes")
            if getattr(kind, field) != getattr(own[name], field)
        ]
        if differences:
            raise DataError(
                f"the log and the recommender disagree on the kind {brief(name)}: {', '.join(differences)}, "
                f"which would ignore the log's; {remedy}"
            )
