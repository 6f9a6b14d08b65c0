"""Makes explanations of the parts of a recommender."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError
from lifelong_widgets.explanation.counterfactual import Counterfactual, Gone, Standing, search
from lifelong_widgets.explanation.explanation import PARTS, ContentFeature, Explanation, PastEvent
from lifelong_widgets.explanation.influence import Lesson, Lessons, influences
from lifelong_widgets.explanation.listed import Changes, ListedItem, ListExplanation, changes
from lifelong_widgets.explanation.paths import Path, along_history, along_item
from lifelong_widgets.explanation.shares import shares
from lifelong_widgets.featurizers import ItemFeatures
from lifelong_widgets.learning import OBJECTIVES, Examples, ReplayBuffer
from lifelong_widgets.memory import FEATURES, GROUP_OF, GROUPS, LINEAR, Attributions, Past, Ranker
from lifelong_widgets.models import Histories, Network
from lifelong_widgets.progress import held_interrupts

_COUNTED = ("hours", "hours", "days", "days", "months", "months", "events", "events", "events")
_POPULARITY = {
    **{f"popularity.{place}": name for place, name in enumerate(_COUNTED)},
    **{f"popularity.{name}": name for name in ("recency", "age", "count")},
}
_HOMES = np.array([GROUP_OF[name] for name in FEATURES])
_MEMBERS = np.array([name.partition(".")[0] for name in FEATURES])
_MOST_LESSONS = 2_000  # that are compared
_OTHERS = 10  # the best other items, which the network's score is held against

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Explainer:
    """What is asked why a list is as it is. It changes nothing.

    Attributes:
        network: the slow memory.
        ranker: that makes the lists.
        histories: where the pasts of people are.
        features: that made the content of the items.
        catalog: for the titles.
        kinds: the names of the kind codes in `histories`.
    """

    network: Network
    ranker: Ranker
    histories: Histories
    features: ItemFeatures
    catalog: Catalog
    kinds: Sequence[str]

    def explain(self, user: Id, person: int | None, item: int) -> Explanation:
        """Why an item has the score that it has for a person.

        Args:
            user: the person's id.
            person: their index; None if they were never seen.
            item: its index.
        """
        past, score = self.ranker.past_of(person), self.ranker.score_of(person, item)
        whole = self.ranker.attributions(person, np.array([item]))
        path = self._along_history(person, item, held_against_others=whole is not None)
        by_event: list[dict[str, float]] = [defaultdict(float) for _ in past.items]
        popularity: dict[str, float] = {}
        personal: dict[str, float] = {}
        if whole is None:
            parts = self._of_one(person, item) | {
                "baseline": path.baseline,
                "network": float(path.parts.sum()),
            }
            for event, amount in zip(by_event, path.parts.tolist(), strict=True):
                event["network"] += amount
        else:
            parts = self._of_one(person, item)
            popularity, personal = _popularity_of(whole), _personal_of(whole)
            for part, added in (("", whole.features[0]), ("personal", whole.personal[0])):
                self._split_by_event(by_event, person, item, past, added, path, part)
        found = self.catalog[self.catalog.ids[item]]
        return Explanation(
            user,
            found.id,
            found.title,
            score,
            {part: parts[part] for part in PARTS if part in parts},
            self._events(person, by_event),
            self._content_features(person, item, parts, personal),
            popularity,
            personal,
            path.gap,
        )

    def explain_list(self, user: Id, person: int | None, k: int) -> ListExplanation:
        """What the scores of the best `k` that a person has not consumed are made of."""
        best, scores = self.ranker.best(person, k, exclude_seen=True)
        items = np.union1d(self.ranker.look(person).candidates.items, best)
        columns = self._parts_of_many(person, items)
        parts = np.column_stack([columns[part] for part in PARTS if part in columns])
        names = [part for part in PARTS if part in columns]
        rows = []
        for rank, (item, score) in enumerate(zip(best.tolist(), scores.tolist(), strict=True), start=1):
            of = self.catalog[self.catalog.ids[item]]
            own = parts[int(np.searchsorted(items, item))].tolist()
            rows.append(ListedItem(rank, of.id, of.title, score, dict(zip(names, own, strict=True))))
        return ListExplanation(user, rows, names, items, parts)

    def what_changed(self, before: ListExplanation, person: int | None) -> Changes:
        """What has moved the list of a person, who it was then."""
        after = self.explain_list(before.user, person, max(len(before), 1))
        ids = [row.item for row in (*before, *after)]
        return changes(before, after, {item: self.catalog.index_of(item) for item in ids})

    def counterfactual(self, user: Id, person: int | None, item: int, k: int) -> Counterfactual:
        """The events without which an item is not among the best `k` that a person has not consumed.

        Raises:
            DataError: it is not among them.
        """
        name = self.catalog[self.catalog.ids[item]]

        def standing(gone: Gone) -> Standing:
            look = self.ranker.look_without(person, gone)
            best = self.ranker.best(person, k + 1, True, look)[0]
            places = np.flatnonzero(best[:k] == item)
            edge = best[k : k + 1] if len(places) else best[k - 1 : k]
            margin = self.ranker.score_of(person, item, look)
            margin -= self.ranker.score_of(person, int(edge[0]), look) if len(edge) else 0.0
            last = int(best[min(k, len(best)) - 1]) if len(best) else None
            return Standing(int(places[0]) + 1 if len(places) else None, margin, last)

        now = standing(frozenset())
        if now.rank is None:
            raise DataError(
                f"{brief(name.id)} is not among the {k} best for {brief(user)}: it need not leave"
            )
        events = self.explain(user, person, item).events
        order = sorted(range(len(events)), key=lambda place: -events[place].amount)
        with held_interrupts() as interrupt:
            found = search(standing, order, interrupt.is_set)
        instead = standing(found.gone).instead if found.gone else None
        return Counterfactual(
            user,
            name.id,
            name.title,
            k,
            now.rank,
            tuple(events[place] for place in sorted(found.gone)),
            "" if instead is None else self.catalog[self.catalog.ids[instead]].title,
            found.stays_without_any,
            found.is_smallest,
            found.finished,
            found.n_lists,
        )

    def influence(
        self,
        user: Id,
        person: int | None,
        item: int,
        n: int,
        buffer: ReplayBuffer,
        objective: str,
        n_negatives: int,
    ) -> Lessons:
        """The `n` events of a replay buffer that speak most for an item, and the `n` that speak most against.

        Of a large buffer, `_MOST_LESSONS` are looked at, evenly spaced.
        """
        history, rewards, people = self.ranker.read_of(person)
        target = Examples(history, rewards, np.array([item]), np.ones(1, dtype=np.float32), people)
        n_items = len(self.network.items)
        negatives = np.arange(n_items)
        if n_items > n_negatives:  # the same for all, since they are compared
            negatives = np.sort(np.random.default_rng(0).choice(n_items, n_negatives, replace=False))
        slots = np.unique(np.linspace(0, len(buffer) - 1, min(len(buffer), _MOST_LESSONS)).astype(np.int64))
        slots = slots[slots >= 0]
        examples = buffer.examples(slots)
        with held_interrupts() as interrupt:
            found = influences(
                self.network, examples, target, negatives, OBJECTIVES[objective], interrupt.is_set
            )
        order = np.argsort(-found, kind="stable")
        chosen = order if len(order) <= 2 * n else np.concatenate([order[:n], order[-n:]])

        def lesson(place: int) -> Lesson:
            past = examples.history_items[place][examples.history_rewards[place] > 0][:3]
            titles = tuple(self.catalog[self.catalog.ids[index]].title for index in past.tolist())
            taken = self.catalog[self.catalog.ids[int(examples.targets[place])]]
            reward, slot = float(examples.rewards[place]), int(slots[place])
            return Lesson(slot, taken.id, taken.title, reward, titles, float(found[place]))

        name = self.catalog[self.catalog.ids[item]]
        rows = [lesson(place) for place in chosen.tolist()]
        return Lessons(user, name.id, name.title, rows, len(found), len(found) == len(slots))

    def _of_one(self, person: int | None, item: int) -> dict[str, float]:
        return {part: float(of[0]) for part, of in self._parts_of_many(person, np.array([item])).items()}

    def _parts_of_many(self, person: int | None, items: NDArray[np.int64]) -> dict[str, Floats]:
        """The parts of the scores of `items`, by name, (n,) each."""
        whole, look = self.ranker.attributions(person, items), self.ranker.look(person)
        if whole is None:
            history, rewards, people = self.ranker.read_of(person)
            nothing = torch.zeros(1, history.shape[1], self.network.embedding_dim)
            with torch.no_grad():
                user = self.network.encoder(nothing, torch.from_numpy(rewards))
                baseline = self.network.scores_of(self.network.with_people(user, people), items)[0].numpy()
            parts = {"baseline": baseline.astype(np.float64)}
            parts["network"] = look.network_scores[items].astype(np.float64) - parts["baseline"]
        else:
            parts = {
                "baseline": np.full(len(items), whole.baseline),
                "item bias": whole.bias,
                "personal": whole.personal_baseline + whole.personal.sum(axis=1),
                **{group: whole.features[:, np.equal(_HOMES, group)].sum(axis=1) for group in GROUPS},
            }
        if look.gains is not None:
            parts["value"] = look.gains[items].astype(np.float64)
        return parts

    def _along_history(self, person: int | None, item: int, held_against_others: bool) -> Path:
        """What each past event adds to the network's score of an item.

        The gate reads how the network's score compares with those of others, so that what lifts all alike
        adds nothing: there, it is held against the best others.
        """
        items, rewards, people = self.ranker.read_of(person)
        others = np.zeros(0, dtype=np.int64)
        if held_against_others:
            best = self.ranker.best(person, _OTHERS + 1, exclude_seen=False)[0]
            others = best[best != item][:_OTHERS]
        return along_history(self.network, items[0], rewards[0], item, others, people)

    def _split_by_event(
        self,
        into: list[dict[str, float]],
        person: int | None,
        item: int,
        past: Past,
        added: Floats,
        path: Path,
        part: str,
    ) -> None:
        """Hand out what the gate's features add to the events that they are made of.

        Args:
            into: a dict for each event, of what it adds by each part.
            person: whose past it is.
            item: that is explained.
            past: the person's.
            added: (len(FEATURES),).
            path: of the network.
            part: whose it is; of each member's own if it is empty.
        """
        liked = np.flatnonzero(past.rewards > 0)
        for member in LINEAR:
            amount = float(added[np.equal(_MEMBERS, member)].sum())
            terms = self.ranker.terms(member, person, np.array([item]))[:, 0]
            if amount and terms.any():
                home = part or GROUP_OF[f"{member}.share"]
                for place, share in zip(liked.tolist(), shares(terms).tolist(), strict=True):
                    into[place][home] += amount * share
        amount = float(added[np.equal(_MEMBERS, "network")].sum())
        if amount and path.parts.any():
            split = shares(np.append(path.parts, path.baseline))  # of which the last is no event's
            for event, share in zip(into, split[:-1].tolist(), strict=True):
                event[part or "network"] += amount * share
        own = np.flatnonzero(past.items == item)
        if len(own):
            counted = np.flatnonzero((past.items == item) & (past.rewards > 0))
            of_count = FEATURES.index("repeats.count")
            for place in counted.tolist():
                into[place][part or "repeats"] += float(added[of_count]) / len(counted)
            of_latest = (np.equal(_MEMBERS, "repeats")) & (np.arange(len(FEATURES)) != of_count)
            into[int(own[0])][part or "repeats"] += float(added[of_latest].sum())

    def _events(self, person: int | None, by_event: list[dict[str, float]]) -> tuple[PastEvent, ...]:
        histories = self.histories
        there = np.flatnonzero(histories.rewards_of(person))
        items, kinds, times = (
            column[there].tolist()
            for column in (
                histories.items_of(person),
                histories.kinds_of(person),
                histories.times_of(person),
            )
        )
        events = []
        for place, parts in enumerate(by_event):
            of = self.catalog[self.catalog.ids[items[place]]]
            events.append(
                PastEvent(place, of.id, of.title, self.kinds[kinds[place]], times[place], dict(parts))
            )
        return tuple(events)

    def _content_features(
        self, person: int | None, item: int, parts: dict[str, float], personal: dict[str, float]
    ) -> tuple[ContentFeature, ...]:
        """The parts of content and network by what the item is made of."""
        columns: dict[str, Floats] = {}
        learned: dict[str, float] = {}
        if parts.get("content") or personal.get("content"):
            terms = self.ranker.content_terms(person, item).sum(axis=0)
            if terms.any():
                columns["content"] = shares(terms)
        if parts.get("network") or personal.get("network"):
            read = self.ranker.read_of(person)
            path, terms = along_item(self.network, self.network.user_vectors(*read), item)
            split = shares(np.concatenate([path.parts, terms, [path.baseline]]))
            learned["network"], columns["network"] = float(split[0]), split[1:-1]
        row = self.ranker.content_of(item)
        amounts: dict[tuple[str, str], dict[str, float]] = {}
        if learned.get("network"):
            amounts["", ""] = _both("network", learned["network"], parts, personal)
        for modality, name, vector in self.features.named_parts(self.catalog[self.catalog.ids[item]], row):
            into = amounts.setdefault((modality, name), {})
            weights = np.divide(vector, row, out=np.zeros(len(row)), where=row != 0)
            for part, of_columns in columns.items():
                for home, amount in _both(part, float(of_columns @ weights), parts, personal).items():
                    into[home] = into.get(home, 0.0) + amount
        found = [ContentFeature(*key, of_key) for key, of_key in amounts.items() if of_key]
        return tuple(sorted(found, key=lambda feature: -feature.amount))


def _both(part: str, share: float, parts: dict[str, float], personal: dict[str, float]) -> dict[str, float]:
    """A share of a part, and of what is personal about it."""
    amounts = {part: share * parts.get(part, 0.0)}
    if personal.get(part):
        amounts["personal"] = share * personal[part]
    return amounts


def _popularity_of(whole: Attributions) -> dict[str, float]:
    amounts: dict[str, float] = defaultdict(float)
    for name, amount in zip(FEATURES, whole.features[0].tolist(), strict=True):
        if GROUP_OF[name] == "popularity":
            amounts[_POPULARITY.get(name, "stage")] += amount
    return dict(amounts)


def _personal_of(whole: Attributions) -> dict[str, float]:
    amounts = {group: float(whole.personal[0][np.equal(_HOMES, group)].sum()) for group in GROUPS}
    return {"baseline": whole.personal_baseline, **amounts}
