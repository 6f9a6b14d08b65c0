"""What learning is worth on MovieLens-100K: the longest test. It times nothing."""

from __future__ import annotations

from tests.soak.quality import last_fifth


def test_after_a_life_of_learning_the_live_model_is_worth_far_more_than_its_frozen_twin() -> None:
    live, frozen = last_fifth(batch_size=32, tested=8_000)
    print(f"HR@10 of the last fifth: {live:.4f} against {frozen:.4f}")
    # .2361 and 1.29 where it was written; a CPU that rounds otherwise moves them by hundredths
    assert live >= 0.22
    assert live >= 1.2 * frozen
