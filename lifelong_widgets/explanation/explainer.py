"""Makes explanations of the parts of a recommender."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import ReferenceType

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.data.display import brief
from lifelong_widgets.errors import DataError
from lifelong_widgets.explanation.by_event import N_OTHERS, amounts_by_event, by_group
from lifelong_widgets.explanation.by_feature import content_features
from lifelong_widgets.explanation.counterfactual import Counterfactual, Gone, Standing, search
from lifelong_widgets.explanation.explanation import PARTS, Explanation, PastEvent
from lifelong_widgets.explanation.influence import Lessons, lessons
from lifelong_widgets.explanation.listed import Changes, ListedItem, ListExplanation, changes
from lifelong_widgets.featurizers import ItemFeatures
from lifelong_widgets.learning import Examples, OnlineUpdater, ReplayBuffer
from lifelong_widgets.memory import FEATURES, GROUP_OF, Attributions, Ranker
from lifelong_widgets.models import Histories, Network
from lifelong_widgets.progress import held_interrupts

_COUNTED = ("hours", "hours", "days", "days", "months", "months", "events", "events", "events")
_POPULARITY = {
    **{f"popularity.{place}": name for place, name in enumerate(_COUNTED)},
    **{f"popularity.{name}": name for name in ("recency", "age", "count")},
    **{f"popularity.{name}": "pause" for name in ("after_pause", "opens", "fits")},
}

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
        owner: the recommender that all this is of.
    """

    network: Network
    ranker: Ranker
    histories: Histories
    features: ItemFeatures
    catalog: Catalog
    kinds: Sequence[str]
    owner: ReferenceType[object]

    def explain(self, user: Id, person: int | None, item: int, now: float | None = None) -> Explanation:
        """Why an item has the score that it has for a person.

        Args:
            user: the person's id.
            person: their index; None if they were never seen.
            item: its index.
            now: the moment that is asked about; see `Ranker.look`.
        """
        only, score = np.array([item]), self.ranker.score_of(person, item, now)
        whole = self.ranker.attributions(person, only, now)
        around = self.ranker.best(person, N_OTHERS + 1, exclude_seen=False, now=now)[0]
        by_event = amounts_by_event(self.network, self.ranker, person, only, around, whole, now)
        popularity: dict[str, float] = {}
        personal: dict[str, float] = {}
        parts = self._of_one(person, item, now)
        if whole is None:
            path = by_event.paths
            at_baseline = parts["baseline"] + parts["network"] - float(path.parts.sum())
            parts |= {"baseline": at_baseline, "network": float(path.parts.sum())}
        else:
            popularity, personal = _popularity_of(whole), _personal_of(whole)
        found = self.catalog[self.catalog.ids[item]]
        return Explanation(
            user,
            found.id,
            found.title,
            score,
            {part: parts[part] for part in PARTS if part in parts},
            self._events(person, by_event.amounts),
            content_features(
                self.network,
                self.ranker,
                lambda row: self.features.named_parts(found, row),
                person,
                item,
                parts,
                personal,
            ),
            popularity,
            personal,
            float(by_event.paths.gap[0]),
        )

    def explain_list(self, user: Id, person: int | None, k: int, now: float | None = None) -> ListExplanation:
        """What the scores of the best `k` that a person has not consumed are made of, at a moment."""
        best, scores = self.ranker.best(person, k, exclude_seen=True, now=now)
        items = np.union1d(self.ranker.look(person, now).candidates.items, best)
        columns = self._parts_of_many(person, items, now)
        parts = np.column_stack([columns[part] for part in PARTS if part in columns])
        names = [part for part in PARTS if part in columns]
        rows = []
        for rank, (item, score) in enumerate(zip(best.tolist(), scores.tolist(), strict=True), start=1):
            of = self.catalog[self.catalog.ids[item]]
            own = parts[int(np.searchsorted(items, item))].tolist()
            rows.append(ListedItem(rank, of.id, of.title, score, dict(zip(names, own, strict=True))))
        return ListExplanation(user, rows, names, items, parts, self.owner)

    def what_changed(self, before: ListExplanation, person: int | None, now: float | None = None) -> Changes:
        """What has moved the list of a person, who it was then, to that of the moment `now`."""
        after = self.explain_list(before.user, person, max(len(before), 1), now)
        ids = [row.item for row in (*before, *after)]
        rows = {item: self.catalog.index_of(item) for item in ids}
        return changes(before, after, rows, self.histories.consumed_by(person).tolist())

    def counterfactual(
        self, user: Id, person: int | None, item: int, k: int, now: float | None = None
    ) -> Counterfactual:
        """The events without which an item is not among the best `k` that a person has not consumed.

        `now` is the moment of the list; see `Ranker.look`.

        Raises:
            DataError: it is not among them.
        """
        name = self.catalog[self.catalog.ids[item]]

        def standing(gone: Gone) -> Standing:
            look = self.ranker.look_without(person, gone, now)
            best = self.ranker.best(person, k + 1, True, look=look)[0]
            places = np.flatnonzero(best[:k] == item)
            edge = best[k : k + 1] if len(places) else best[k - 1 : k]
            margin = self.ranker.score_of(person, item, look=look)
            margin -= self.ranker.score_of(person, int(edge[0]), look=look) if len(edge) else 0.0
            last = int(best[min(k, len(best)) - 1]) if len(best) else None
            return Standing(int(places[0]) + 1 if len(places) else None, margin, last)

        here = standing(frozenset())
        if here.rank is None:
            raise DataError(
                f"{brief(name.id)} is not among the {k} best for {brief(user)}: it need not leave; k=… asks "
                "about a longer list"
            )
        events = self.explain(user, person, item, now).events
        order = sorted(range(len(events)), key=lambda place: -events[place].amount)
        with held_interrupts() as interrupt:
            found = search(standing, order, interrupt.is_set)
        instead = standing(found.gone).instead if found.gone else None
        return Counterfactual(
            user,
            name.id,
            name.title,
            k,
            here.rank,
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
        updater: OnlineUpdater,
    ) -> Lessons:
        """The `n` events of a replay buffer that speak most for an item, and the `n` most against."""
        history, rewards, people = self.ranker.read_of(person)
        target = Examples(history, rewards, np.array([item]), np.ones(1, dtype=np.float32), people)
        return lessons(self.network, self.catalog, user, target, n, buffer, updater)

    def _of_one(self, person: int | None, item: int, now: float | None) -> dict[str, float]:
        parts = self._parts_of_many(person, np.array([item]), now)
        return {part: float(of[0]) for part, of in parts.items()}

    def _parts_of_many(
        self, person: int | None, items: NDArray[np.int64], now: float | None
    ) -> dict[str, Floats]:
        """The parts of the scores of `items`, by name, (n,) each."""
        whole, look = self.ranker.attributions(person, items, now), self.ranker.look(person, now)
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
                **by_group(whole.features),
            }
        if look.gains is not None:
            best = self.ranker.best(person, N_OTHERS, exclude_seen=False, now=now)[0]
            ordinary = float(look.gains[best].astype(np.float64).mean()) if len(best) else 0.0
            parts["baseline"] = parts["baseline"] + ordinary
            parts["value"] = look.gains[items].astype(np.float64) - ordinary
        return parts

    def _events(self, person: int | None, amounts: dict[str, Floats]) -> tuple[PastEvent, ...]:
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
        for place in range(len(there)):
            parts = {part: float(of[place, 0]) for part, of in amounts.items() if of[place, 0]}
            of = self.catalog[self.catalog.ids[items[place]]]
            events.append(PastEvent(place, of.id, of.title, self.kinds[kinds[place]], times[place], parts))
        return tuple(events)


def _popularity_of(whole: Attributions) -> dict[str, float]:
    amounts: dict[str, float] = defaultdict(float)
    for name, amount in zip(FEATURES, whole.features[0].tolist(), strict=True):
        if GROUP_OF[name] == "popularity":
            amounts[_POPULARITY.get(name, "stage")] += amount
    return dict(amounts)


def _personal_of(whole: Attributions) -> dict[str, float]:
    amounts = {group: float(of[0]) for group, of in by_group(whole.personal).items()}
    return {"baseline": whole.personal_baseline, **amounts}
