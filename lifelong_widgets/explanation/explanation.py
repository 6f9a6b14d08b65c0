"""Why an item has the score that it has, as numbers that add up to it."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import cell, shorten
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers.cleaning import STOP_WORDS

PARTS = (
    "baseline",
    "item bias",
    "personal",
    "popularity",
    "repeats",
    "neighbors",
    "successors",
    "linear",
    "content",
    "network",
    "value",
)
"""What a score is the sum of; see `Explanation`."""

FAST = ("popularity", "repeats", "neighbors", "successors", "linear", "content")
"""The parts that the fast memory has; the slow one has the network."""

By = Literal["part", "event", "feature"]


@dataclass(frozen=True, slots=True)
class PastEvent:
    """What one event of a person's past adds to a score.

    Attributes:
        place: in the person's past, from 0, the latest.
        item: of the event.
        title: the item's.
        kind: of feedback.
        time: when, in seconds.
        parts: through which parts, and how much by each.
    """

    place: int
    item: Id
    title: str
    kind: str
    time: float
    parts: Mapping[str, float]

    @property
    def amount(self) -> float:
        """What it adds in all."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class ContentFeature:
    """What a feature of the item adds to its score.

    Attributes:
        modality: such as ``"text"``; ``""`` for what was learned about the item itself.
        name: such as the word; ``""`` for what was learned about the item itself.
        parts: through which parts, and how much by each.
    """

    modality: str
    name: str
    parts: Mapping[str, float]

    @property
    def amount(self) -> float:
        """What it adds in all."""
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the score of an item for a person is made of. Draws itself as a table in a notebook.

    The `parts` add up to the score. The baseline is the score of an item of which nobody has anything to say
    to this person. To it the gate adds for each member of the two memories what that says (integrated
    gradients), its own bias of the item, and what is personal about the weights. If there are values, the
    logarithm of what the item's gains is held against the mean of that of the ten best, which is in the
    baseline. If the network is alone, the baseline is its score for somebody
    without a past.

    The same amounts are split twice more: by past events, and by the features of the item. Neither reaches
    everything, such as what is popular with all: what is left over is the difference to the score.

    Attributes:
        user: whose list it is.
        item: which.
        title: its title.
        score: `Recommendations.scores` has the same for all that the gate has ranked.
        parts: by the names in `PARTS`, of those that have a say here.
        events: of the person's past that the model reads, the latest first.
        features: of the item, those that add most first.
        popularity: the part of this name by what is counted: ``"hours"``, ``"days"``, ``"months"`` and
            ``"events"`` for the half-lives, ``"recency"``, ``"age"``, ``"count"``, ``"stage"``, ``"pause"``.
        personal: the part of this name by the part whose weight it changes.
        gap: how far the integral for the network was from adding up, against what it explains, before that
            was spread over its events.

    Source: M. Sundararajan, A. Taly and Q. Yan, "Axiomatic attribution for deep networks", ICML 2017.
    """

    user: Id
    item: Id
    title: str
    score: float
    parts: Mapping[str, float]
    events: tuple[PastEvent, ...]
    features: tuple[ContentFeature, ...]
    popularity: Mapping[str, float]
    personal: Mapping[str, float]
    gap: float

    @property
    def fast(self) -> float:
        """What the fast memory adds."""
        return sum(self.parts.get(part, 0.0) for part in FAST)

    @property
    def slow(self) -> float:
        """What the slow memory adds, the network."""
        return self.parts.get("network", 0.0)

    @property
    def modalities(self) -> dict[str, float]:
        """What each modality of the content adds."""
        sums: dict[str, float] = defaultdict(float)
        for feature in self.features:
            if feature.modality:
                sums[feature.modality] += feature.amount
        return dict(sums)

    @property
    def content(self) -> tuple[ContentFeature, ...]:
        """The features of the content for a reader: words like "the", which tell nobody anything, are one.

        That has no name, and comes last, if there are such words.
        """
        told, common = [], []
        for feature in self.features:
            if feature.modality == "text" and feature.name.lower() in STOP_WORDS:
                common.append(feature)
            elif feature.modality:
                told.append(feature)
        if common:
            parts: dict[str, float] = defaultdict(float)
            for feature in common:
                for part, amount in feature.parts.items():
                    parts[part] += amount
            told.append(ContentFeature("text", "", dict(parts)))
        return tuple(told)

    @property
    def influence(self) -> dict[Id, float]:
        """What each item of the past adds, by its id, those that add most first."""
        sums: dict[Id, float] = defaultdict(float)
        for event in self.events:
            sums[event.item] += event.amount
        return dict(sorted(sums.items(), key=lambda pair: -pair[1]))

    def to_pandas(self, by: By = "part") -> pd.DataFrame:
        """A table whose amounts add up to the score.

        Args:
            by: ``"part"``: part, amount. ``"event"``: place, item, title, kind, time, amount, and a column
                for each part; the last row is what is not due to single events. ``"feature"``: modality,
                feature, amount, and a column for each part, with such a last row. What the network has for
                the item itself is the feature "its own embedding" of the modality "item".

        Raises:
            DataError: `by` is something else.
        """
        if by == "part":
            return pd.DataFrame(list(self.parts.items()), columns=["part", "amount"])
        if by == "event":
            return self._table(
                ["place", "item", "title", "kind", "time"],
                [
                    ((event.place, event.item, event.title, event.kind, event.time), event.parts)
                    for event in self.events
                ],
            )
        if by == "feature":
            found = [(_named(feature), feature.parts) for feature in self.features]
            return self._table(["modality", "feature"], found)
        raise DataError(f"by is {by!r:.40}; it must be 'part', 'event' or 'feature'")

    def _table(
        self, columns: list[str], rows: Sequence[tuple[tuple[object, ...], Mapping[str, float]]]
    ) -> pd.DataFrame:
        left = dict(self.parts)
        for _, parts in rows:
            for part, amount in parts.items():
                left[part] -= amount
        rows = [*rows, ((None,) * len(columns), left)]
        cells = [
            (*row, sum(parts.values()), *(parts.get(part, 0.0) for part in self.parts)) for row, parts in rows
        ]
        return pd.DataFrame(cells, columns=[*columns, "amount", *self.parts])

    def __repr__(self) -> str:
        lines = [f"{shorten(self.title, 50)} for {self.user!r}: {self.score:.3f}"]
        lines += [f"{amount:>+9.3f}  {part}" for part, amount in self.parts.items()]
        for heading, named in self._most():
            lines += [f"  {heading}:", *(f"{amount:>+9.3f}  {name}" for name, amount in named)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        largest = max((abs(amount) for amount in self.parts.values()), default=0.0) or 1.0

        def rows(named: Iterable[tuple[str, float]], cell: Callable[[str], str] = html.escape) -> str:
            return "".join(
                f"<tr><td style='text-align:left'>{cell(name)}</td><td>{amount:+.3f}</td>"
                f"<td style='text-align:left;min-width:9em'>{_bar(amount / largest)}</td></tr>"
                for name, amount in named
            )

        body = rows(self.parts.items())
        for heading, named in self._most():
            body += f"<tr><th colspan='3' style='text-align:left'>{heading}</th></tr>{rows(named)}"
        caption = f"{cell(self.title)} for {html.escape(str(self.user))}: {self.score:.3f}"
        return f"<table><caption>{caption}</caption>{body}</table>"

    def _most(self, n: int = 5) -> list[tuple[str, list[tuple[str, float]]]]:
        """The events and the features that add most, or take away most, each with a name."""
        events = [(f"{event.kind}: {shorten(event.title, 40)}", event.amount) for event in self.events]
        features = [
            (f"{feature.modality}: {shorten(feature.name or 'common words', 40)}", feature.amount)
            for feature in self.content
        ]
        found = []
        for heading, named in (("by past events", events), ("by its content", features)):
            most = sorted(named, key=lambda pair: -abs(pair[1]))[:n]
            if most:
                of = f", the {n} largest of {len(named)}" if len(named) > n else ""
                found.append((heading + of, sorted(most, key=lambda pair: -pair[1])))
        return found


def _named(feature: ContentFeature) -> tuple[str, str]:
    """Modality and name, in words also for what was learned about the item itself."""
    return (feature.modality, feature.name) if feature.modality else ("item", "its own embedding")


def _bar(share: float) -> str:
    """A bar as long as the size of `share`, at most 1, whose colour is not all that tells its sign."""
    colour = "#3a7bd5" if share >= 0 else "#b5651d"
    width = f"{100 * min(abs(share), 1.0):.0f}%"
    return f"<span style='display:inline-block;height:.6em;width:{width};background:{colour}'></span>"
