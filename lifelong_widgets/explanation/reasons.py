"""The sentence beside a recommendation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from lifelong_widgets.data import Catalog
from lifelong_widgets.explanation.leave_one_out import leave_one_out
from lifelong_widgets.explanation.sentences import Reason
from lifelong_widgets.memory import EpisodicMemory, Ranker
from lifelong_widgets.models import Histories, Network

_MATTERS = math.log(1.1)  # a value speaks for an item by which its odds are a tenth higher
_MEMBERS = {
    "neighbors": ("close", "neighbors"),
    "successors": ("successors",),
    "linear": ("linear",),
    "content": ("content",),
}
_BY_ITEM = (*_MEMBERS, "network")  # what speaks through single past events


def reasons(
    network: Network,
    memory: EpisodicMemory,
    ranker: Ranker,
    histories: Histories,
    person: int | None,
    items: np.ndarray,
    catalog: Catalog,
    kind_names: Sequence[str],
    now: float | None = None,
) -> tuple[Reason, ...]:
    """Why each item is there, in a sentence: what its score owes most to.

    Of the network, the members of the fast memory and the value of the item, if it has one, it is the one
    without which the score would fall most, and where that speaks through single events, the past event that
    it owes most to. Events that speak against their item are left out ("because you disliked X" explains
    nothing), and so are values that raise the odds of their item by less than a tenth over those of the best
    ten. Where nothing else is left, the item is there for everybody, or is new and was placed by its content.

    Args:
        network: the slow memory.
        memory: the fast one.
        ranker: that made the list.
        histories: where the person's past is.
        person: whose list it is, None if they were never seen.
        items: (n_items,), int64, indices of the items.
        catalog: for the titles.
        kind_names: of the kind codes in `histories`.
        now: the moment that the list is for; see `Ranker.look`.
    """
    if not len(items):
        return ()
    rewards = histories.rewards_of(person)
    past = ranker.past_of(person)
    liked = np.flatnonzero(rewards > 0)
    owed = ranker.contributions(person, items, now)
    best_event = {group: np.full(len(items), -1) for group in _BY_ITEM}
    if len(liked):
        of_network = leave_one_out(
            network, histories.items_of(person), rewards, items, ranker.read_of(person)[2]
        )
        terms = {
            group: sum((ranker.terms(member, person, items) for member in members), np.float32(0.0))
            for group, members in _MEMBERS.items()
        }
        terms["network"] = of_network[rewards[np.flatnonzero(rewards)] > 0]
        for group, added in terms.items():
            best_event[group] = np.where(added.max(axis=0) > 0, liked[added.argmax(axis=0)], -1)
    rows = torch.from_numpy(items)
    is_new = memory.popularity.counts(items) == 0
    has_content = network.items.gather(rows)[1].abs().sum(1).numpy() > 0

    def because_of(event: int, item: int) -> Reason:
        cause = histories.items_of(person)[event]
        if cause == item:
            return Reason("again")
        kind = kind_names[histories.kinds_of(person)[event]]
        return Reason.because(kind, catalog[catalog.ids[cause]].title)

    sentences = []
    for place, item in enumerate(items.tolist()):
        sentence = Reason("popular")
        if is_new[place]:
            sentence = Reason("new.content" if has_content[place] else "new")
        for group in sorted(owed, key=lambda group: -owed[group][place]):
            if owed[group][place] <= 0:
                break
            if group in best_event and best_event[group][place] >= 0:
                sentence = because_of(best_event[group][place], item)
                break
            if group == "repeats" and item in past.liked:
                sentence = Reason("again")
                break
            if group == "value" and owed[group][place] >= _MATTERS:
                sentence = Reason("value")
                break
            if group == "popularity" and not is_new[place]:
                break
        sentences.append(sentence)
    return tuple(sentences)
