"""What a value is learned towards: the reward, and what the next state is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.models import Network
from lifelong_widgets.value.network import scores_of_slates
from lifelong_widgets.value.numbers import Numbers
from lifelong_widgets.value.settings import ValueSettings
from lifelong_widgets.value.transitions import Transitions


def targets_of(
    transitions: Transitions, online: Network, target: Network, numbers: Numbers, settings: ValueSettings
) -> NDArray[np.float32]:
    """``r + γ V(s')`` of each transition, (n,); V is 0 where the person has left.

    Args:
        transitions: n of them.
        online: the network that learns; with `double_q` it says which item is best.
        target: the copy that says what that is worth.
        numbers: those that go with both.
        settings: γ and the rules.
    """
    found = transitions.examples.rewards.astype(np.float64)
    on = np.flatnonzero(transitions.going_on)
    if len(on):
        items, chances = transitions.slates.items[on], transitions.slates.scores[on]
        past, rewards, people = transitions.read_after()
        read = past[on], rewards[on], None if people is None else people[on]
        worth = numbers.target_values(scores_of_slates(target, *read, items), settings.discount)
        if settings.slate_decomposition:
            after = (chances * worth).sum(axis=1)
        else:
            judged = scores_of_slates(online, *read, items) if settings.double_q else worth
            best = np.where(chances > 0, judged, -np.inf).argmax(axis=1)
            after = worth[np.arange(len(on)), best]
        found[on] += settings.discount * after
    return found.astype(np.float32)
