"""What learning is worth on MovieLens-100K: the whole stream, so the longest test. It times nothing."""

from __future__ import annotations

from lifelong_widgets.data import datasets
from lifelong_widgets.evaluation import prequential
from lifelong_widgets.recommender import Recommender


def test_after_a_life_of_learning_the_live_model_is_worth_far_more_than_its_frozen_twin() -> None:
    """The protocol of `lifelong-widgets replay movielens-100k`; the twin is tested where it is compared."""
    data = datasets.load("movielens-100k")
    warm_up, middle, last = (
        data.interactions[a:b] for a, b in ((0, 20_000), (20_000, 80_000), (80_000, None))
    )
    live = Recommender(data.catalog.subset(warm_up.items))
    live.fit(warm_up, progress=False)
    frozen = live.frozen_twin()

    before = prequential(live, middle, arrivals=data.catalog, depth=10, progress=False)
    for event in middle:
        frozen.observe(event)
    both = {"live": live, "frozen": frozen}
    after = prequential(both, last, arrivals=data.catalog, depth=10, progress=False)

    live_last, frozen_last = (after.overall(name)["HR@10"] for name in ("live", "frozen"))
    whole = 0.75 * before.overall()["HR@10"] + 0.25 * live_last
    print(f"HR@10: {whole:.4f} over the stream; last fifth {live_last:.4f} against {frozen_last:.4f}")
    assert whole >= 0.2
    # 1.32 where it was written, 1.35 with another seed; a CPU that rounds otherwise moves it by hundredths
    assert live_last >= 1.27 * frozen_last
