from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.learning import LogExamples, examples_of_batch
from lifelong_widgets.models import Histories


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=60), st.integers(1, 4))
def test_gathered_from_the_log_or_built_up_event_by_event_is_the_same(
    events: list[tuple[int, int]], length: int
) -> None:
    users, items = np.array(events).T
    rewards = np.where(items % 3 == 0, -1.0, 0.5).astype(np.float32)
    gathered = LogExamples(users, items, rewards, length)[np.arange(len(events))]
    histories = Histories(length)
    for event, (user, item) in enumerate(events):
        np.testing.assert_array_equal(gathered.history_items[event], histories.items_of(user))
        np.testing.assert_array_equal(gathered.history_rewards[event], histories.rewards_of(user))
        histories.append(user, item, float(rewards[event]), 0, True)
    batch = examples_of_batch(Histories(length), users.tolist(), items.tolist(), rewards.tolist())
    np.testing.assert_array_equal(batch.history_items, gathered.history_items)
    np.testing.assert_array_equal(batch.history_rewards, gathered.history_rewards)
    np.testing.assert_array_equal(batch.targets, items)
