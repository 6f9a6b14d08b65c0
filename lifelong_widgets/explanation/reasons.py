"""The sentence beside a recommendation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog
from lifelong_widgets.explanation.by_event import N_OTHERS, amounts_by_event, by_group
from lifelong_widgets.explanation.sentences import Reason
from lifelong_widgets.memory import EpisodicMemory, Ranker
from lifelong_widgets.models import Histories, Network

_MATTERS = math.log(1.1)  # a value speaks for an item by which its odds are a tenth higher
_POINTS = 32  # which event is first seldom needs more, and a list of an LSTM would take seconds
_BY_ITEM = ("neighbors", "successors", "linear", "content", "network")  # what speaks through past events

Floats = NDArray[np.float64]


def reasons(
    network: Network,
    memory: EpisodicMemory,
    ranker: Ranker,
    histories: Histories,
    person: int | None,
    items: NDArray[np.int64],
    catalog: Catalog,
    kind_names: Sequence[str],
    now: float | None = None,
) -> tuple[Reason, ...]:
    """Why each item is there, in a sentence, from the same amounts as its `Explanation`.

    Which part of the score it speaks of: the one by which the item stands out most, its amount less the mean
    of that of the ten best, since what all of them have in common says nothing about one. If that is a part
    that speaks through past events, the sentence names the event that adds most to the score in all, which is
    the first of `Explanation.events` by amount: what it goes with, which is less than a cause. Events that
    speak against their item are left out, and so are values that raise the odds of their item by less than a
    tenth over those of the best ten. Where nothing else is left, the item is there for everybody, or is new
    and nothing but its content is known. Of an item that nobody has taken, and whose content says nothing,
    nothing but that it is new is said: its embedding is at its first values, which go with nothing. That an
    item is popular is said only where popularity is read.

    Args:
        network: the slow memory.
        memory: the fast one.
        ranker: that made the list.
        histories: where the person's past is.
        person: whose list it is, None if they were never seen.
        items: (n_items,), indices of the items.
        catalog: for the titles.
        kind_names: of the kind codes in `histories`.
        now: the moment that the list is for; see `Ranker.look`.
    """
    if not len(items):
        return ()
    causes, stand_out = _attributed(network, ranker, person, items, now)
    liked, is_new = ranker.past_of(person).liked, memory.never_taken(items)
    has_content = network.items.gather(torch.from_numpy(items))[1].abs().sum(1).numpy() > 0

    def because_of(event: int, item: int) -> Reason:
        cause = histories.items_of(person)[event]
        if cause == item:
            return Reason("again")
        kind = kind_names[histories.kinds_of(person)[event]]
        return Reason.because(kind, catalog[catalog.ids[cause]].title)

    left = Reason("popular" if memory.use_popularity else "general")
    sentences = []
    for place, item in enumerate(items.tolist()):
        if is_new[place] and not has_content[place]:
            sentences.append(Reason("new"))
            continue
        sentence = Reason("new.content") if is_new[place] else left
        for part in sorted(stand_out, key=lambda part: -stand_out[part][place]):
            if stand_out[part][place] <= 0:
                break
            if part in _BY_ITEM and causes[place] >= 0:
                sentence = because_of(causes[place], item)
                break
            if part == "repeats" and item in liked:
                sentence = Reason("again")
                break
            if part == "value" and stand_out[part][place] >= _MATTERS:
                sentence = Reason("value")
                break
            if part == "popularity" and not is_new[place]:
                break
        sentences.append(sentence)
    return tuple(sentences)


def _attributed(
    network: Network, ranker: Ranker, person: int | None, items: NDArray[np.int64], now: float | None
) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Of each item the event that adds most, by its place in the history; and by how much parts stand out.

    -1 where no event that speaks for its item adds anything.
    """
    best = ranker.best(person, N_OTHERS + 1, exclude_seen=False, now=now)[0]
    n, around = len(items), best[:N_OTHERS]
    whole = ranker.attributions(person, np.concatenate([items, around]), now)
    of_items = None if whole is None else whole.of(slice(n))
    totals = amounts_by_event(network, ranker, person, items, best, of_items, now, _POINTS).totals
    rewards = ranker.read_of(person)[1][0]
    speaks = np.flatnonzero(rewards > 0)
    totals = totals[rewards[np.flatnonzero(rewards)] > 0]
    causes = np.full(n, -1)
    if len(speaks):
        causes = np.where(totals.max(axis=0) > 0, speaks[totals.argmax(axis=0)], -1)
    if whole is None:
        stand_out = {"network": np.ones(n)}
    else:
        stand_out = {
            part: of[:n] - (of[n:].mean() if len(around) else 0.0)
            for part, of in by_group(whole.features + whole.personal).items()
        }
    gains = ranker.look(person, now).gains
    if gains is not None:
        stand_out["value"] = (gains[items] - gains[around].mean()).astype(np.float64)
    return causes, stand_out
