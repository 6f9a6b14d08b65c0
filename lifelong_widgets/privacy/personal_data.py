"""All that is held about one person, in a form that they can read and take elsewhere."""

from __future__ import annotations

import datetime
import html
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from lifelong_widgets.data import Catalog, FeedbackKinds, Id, SocialGraph
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.featurizers import LivePeople
from lifelong_widgets.files import replacing
from lifelong_widgets.journal import Journal
from lifelong_widgets.learning import Examples, ReplayBuffer
from lifelong_widgets.memory import FEATURES, Gate
from lifelong_widgets.models import Histories
from lifelong_widgets.privacy.private_learning import PrivateLearning
from lifelong_widgets.value import ValueLearner

SECTIONS = {
    "journal": "every event in the log, those that were taken back too",
    "edges": "whom they follow, and who follows them",
    "history": "the recent events that lists are made from, the latest first",
    "consumed": "all items that they have had, which are not recommended again",
    "replay": "examples that are learned again: what they had done, and what they took then",
    "features": "what was counted of them for the network to read",
    "gate": "what was learned of whom their choices follow, a weight for each fact",
    "privacy": "in how many steps of private learning they have taken part since the last fit",
    "values": "transitions from which long-term values are learned again, and the event that waits for more",
}
"""What there may be, and what it is for. A state of the model that knows people by index belongs to one."""


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Holder(Protocol):
    """What holds data of people: a `Recommender` is one."""

    catalog: Catalog
    users: IdIndex
    histories: Histories
    people: LivePeople

    @property
    def kinds(self) -> FeedbackKinds:
        """What feedback is worth."""

    @property
    def graph(self) -> SocialGraph:
        """Who follows whom."""

    @property
    def buffer(self) -> ReplayBuffer:
        """Examples of the past."""

    @property
    def gate(self) -> Gate:
        """What weighs the two memories."""

    @property
    def value(self) -> ValueLearner:
        """What learns the worth of items in the long run."""

    @property
    def privacy(self) -> PrivateLearning:
        """What keeps learning private."""

    @property
    def journal(self) -> Journal | None:
        """The log."""

    def known_as(self, user: Id) -> Id:
        """The name under which a person is known."""


class PersonalData(Mapping[str, Any]):
    """All that is held about one person, by the sections of `SECTIONS`; one that is empty is not there.

    Attributes:
        user: whom it is about, as they are called.
        known_as: the name under which it is held: the same, or a pseudonym.
    """

    def __init__(self, user: Id, known_as: Id, sections: dict[str, Any]) -> None:
        self.user, self.known_as, self._sections = user, known_as, sections

    def __getitem__(self, section: str) -> Any:
        return self._sections[section]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sections)

    def __len__(self) -> int:
        return len(self._sections)

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON has it, with what each section is for."""
        return {
            "user": self.user,
            "known_as": self.known_as,
            "about": {section: SECTIONS[section] for section in self},
            **self._sections,
        }

    def to_json(self) -> str:
        """As JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the JSON text to a file; one that is there is replaced at the end.

        Raises:
            LifelongWidgetsError: the system refuses.
        """
        with replacing(path) as aside:
            aside.write_text(self.to_json() + "\n", encoding="utf-8")

    def __repr__(self) -> str:
        if not self:
            return f"<PersonalData: nothing is held about {self.user!r:.80}>"
        sizes = ", ".join(f"{section} {len(held)}" for section, held in self.items())
        return f"<PersonalData of {self.user!r:.80}: {sizes}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.to_json() if self else repr(self))}</pre>"


def personal_data(rec: Holder, user: Id) -> PersonalData:
    """See `Recommender.held_about`."""
    name, journal = rec.known_as(user), rec.journal
    sections: dict[str, Any] = {}
    if journal is not None:
        sections["journal"] = _entries(journal, name)
    edges = {"following": dict(rec.graph.following(name)), "followers": dict(rec.graph.followers(name))}
    sections["edges"] = edges if any(edges.values()) else {}
    person = rec.users.get(name)
    if person is not None:
        ids, kinds = rec.catalog.ids, tuple(rec.kinds)
        histories = rec.histories
        there = np.flatnonzero(_filled(histories, person))
        rows = (histories.items_of, histories.rewards_of, histories.kinds_of, histories.times_of)
        items, rewards, codes, times = (row(person)[there] for row in rows)
        sections["history"] = [
            _dated({"item": ids[item], "kind": kinds[code], "reward": reward, "time": time})
            for item, reward, code, time in zip(
                items.tolist(), _shortest(rewards), codes.tolist(), times.tolist(), strict=True
            )
        ]
        sections["consumed"] = [ids[item] for item in histories.consumed_by(person).tolist()]
        slots = np.flatnonzero(rec.buffer.owners == person)
        sections["replay"] = _examples(rec.buffer.examples(slots), ids)
        tallies, weights = rec.people.tallies_of(person), rec.gate.weights_of(person)
        sections["features"] = [] if tallies is None else tallies.tolist()
        if weights is not None:
            sections["gate"] = dict(zip(FEATURES, _shortest(weights), strict=False))
        uses = rec.privacy.uses_of(person)
        sections["privacy"] = {} if uses is None else {"steps": uses}
        held = rec.value.held_about(person)
        values: dict[str, Any] = {}
        if held["transitions"] is not None and len(held["transitions"]):
            values["transitions"] = _examples(held["transitions"], ids)
        if held["waiting"] is not None:
            one = held["waiting"]
            values["waiting"] = _dated({"item": ids[one.item], "reward": float(one.reward), "time": one.time})
        sections["values"] = values
    return PersonalData(user, name, {section: held for section, held in sections.items() if held})


def _entries(journal: Journal, name: Id) -> list[dict[str, Any]]:
    taken_back = journal.taken_back()
    found = []
    for entry in journal.entries_of(name):
        event, edge = entry.feedback, entry.edge
        if edge is not None:
            told = {"entry": entry.id, "what": entry.op.value, "recorded": entry.recorded, **edge._asdict()}
            found.append(_dated(told))
        if event is not None:
            told = {
                "entry": entry.id,
                "what": entry.op.value,
                "recorded": entry.recorded,
                "item": event.item,
                "kind": event.kind,
                "time": event.time,
                "value": event.value,
                "shown": None if event.shown is None else list(event.shown),
                "id": event.id,
                "taken_back": entry.id in taken_back,
            }
            found.append(_dated(told))
    return found


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """With the date in UTC, in ISO 8601, after each time; None where nobody said when.

    >>> _dated({"item": 2, "time": 60.0})
    {'item': 2, 'time': 60.0, 'time_utc': '1970-01-01T00:01:00+00:00'}
    """
    dated: dict[str, Any] = {}
    for name, held in row.items():
        dated[name] = held
        if name in ("time", "recorded"):
            dated[f"{name}_utc"] = _date(held)
    return dated


def _date(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return (_EPOCH + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _shortest(numbers: np.ndarray) -> list[float]:
    """As floats of the fewest digits that float32 tells apart: 0.3, and not 0.30000001192092896."""
    return [float(str(number)) for number in numbers.astype(np.float32)]


def _filled(histories: Histories, person: int) -> np.ndarray:
    """Which places of a person's history hold an event: up to the last that does not look empty."""
    rows = (histories.items_of, histories.rewards_of, histories.kinds_of, histories.times_of)
    any_there = np.any([row(person) != 0 for row in rows], axis=0)
    n = int(np.flatnonzero(any_there)[-1]) + 1 if any_there.any() else 0
    return np.arange(len(any_there)) < n


def _examples(examples: Examples, ids: Any) -> list[dict[str, Any]]:
    return [
        {
            "after": [
                {"item": ids[item], "reward": worth}
                for item, worth in zip(items, rewards, strict=True)
                if worth != 0
            ],
            "item": ids[target],
            "reward": reward,
        }
        for items, rewards, target, reward in zip(
            examples.history_items.tolist(),
            map(_shortest, examples.history_rewards),
            examples.targets.tolist(),
            _shortest(examples.rewards),
            strict=True,
        )
    ]
