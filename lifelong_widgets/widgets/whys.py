"""What is said when a card is asked why it is there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from lifelong_widgets.data import Id
from lifelong_widgets.explanation import Explanation
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.wording import name, text

_MOST = 4  # events, and features of the item
_LEAST = 0.005  # what rounds to nothing is not shown
_KEPT = 64  # explanations, to say what has changed since


class Whys:
    """Explains cards, and remembers what it said, to say next time what has moved. Owner thread.

    Args:
        rec: who is asked.

    >>> from lifelong_widgets.data import Catalog
    >>> rec = Recommender(Catalog.from_records([{"item": 1, "title": "Ant"}, {"item": 2, "title": "Bee"}]))
    >>> whys = Whys(rec)
    >>> first = whys.of("ada", 2, 1)
    >>> _ = rec.learn_one(user="ada", item=1, kind="like")
    >>> second = whys.of("ada", 2, 2)
    >>> first["changed"], [event["title"] for event in second["events"]]
    (None, ['Ant'])
    """

    def __init__(self, rec: Recommender) -> None:
        self._rec = rec
        self._said: OrderedDict[tuple[Id, Id], tuple[int, Explanation]] = OrderedDict()

    def of(self, user: Id, item: Id, version: int) -> dict[str, Any]:
        """Why an item is where it is, in plain values.

        Args:
            user: whose list it is in.
            item: which.
            version: of the list; what has changed is said against the answer for an earlier one.
        """
        why = self._rec.explain(user, item)
        said = self._said.pop((user, item), None)
        self._said[user, item] = version, why
        if len(self._said) > _KEPT:
            self._said.popitem(last=False)
        events = [
            {"kind": event.kind, "label": name(self._rec.kinds[event.kind].label), "title": text(event.title)}
            | {"amount": event.amount}
            for event in why.events
        ]
        return {
            "score": why.score,
            "parts": [
                {"part": part, "amount": amount}
                for part, amount in why.parts.items()
                if abs(amount) >= _LEAST
            ],
            "fast": None if self._rec.memory.network_alone else why.fast,
            "slow": why.slow,
            "events": _most(events),
            "features": _most(_features(why)),
            "value": self._value(user, item),
            "changed": _changed(said[1], why) if said is not None and said[0] < version else None,
        }

    def forget(self) -> None:
        """Remember nothing of what was said."""
        self._said.clear()

    def _value(self, user: Id, item: Id) -> dict[str, float | None] | None:
        if not self._rec.value.on:
            return None
        row = self._rec.values(user, [item])[0]
        numbers = {"chance": row.chance, "value": row.value, "error": row.td_error}
        return {key: number if number == number else None for key, number in numbers.items()}


def _features(why: Explanation) -> list[dict[str, Any]]:
    """What the item is about; common words are one row without a name."""
    return [
        {"modality": feature.modality, "name": name(feature.name) if feature.name else None}
        | {"amount": feature.amount}
        for feature in why.content
    ]


def _most(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The largest of them, the one that adds most first."""
    notable = [row for row in rows if abs(row["amount"]) >= _LEAST]
    largest = sorted(notable, key=lambda row: -abs(row["amount"]))[:_MOST]
    return sorted(largest, key=lambda row: -row["amount"])


def _changed(before: Explanation, now: Explanation) -> dict[str, Any]:
    """By how much the score has changed, and the part that changed most in that direction."""
    amount = now.score - before.score
    moves = {
        part: now.parts.get(part, 0.0) - before.parts.get(part, 0.0) for part in {**before.parts, **now.parts}
    }
    sign = 1.0 if amount >= 0 else -1.0
    return {"amount": amount, "by": max(moves, key=lambda part: sign * moves[part])}
