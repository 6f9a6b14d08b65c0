"""What learning is worth on the beginning of MovieLens-100K; the README has the whole stream."""

from __future__ import annotations

import pytest

from lifelong_widgets.data import datasets
from lifelong_widgets.evaluation import RecencyPopularity, prequential
from lifelong_widgets.recommender import Recommender

pytestmark = pytest.mark.benchmark


def test_the_live_model_beats_its_frozen_twin_and_popularity() -> None:
    data = datasets.load("movielens-100k")
    warm_up, stream = data.interactions[:4000], data.interactions[4000:16_000]
    live = Recommender(data.catalog.subset(warm_up.items))
    live.fit(warm_up, progress=False)
    popular = RecencyPopularity(live.catalog)
    popular.fit(warm_up)
    report = prequential(
        {"live": live, "frozen": live.frozen_twin(), "popularity": popular},
        stream,
        arrivals=data.catalog,
        warm_up=len(warm_up),
        progress=False,
    )
    print(report)
    live_last, frozen_last, popular_last = (
        report.fifth(5, name)["HR@10"] for name in ("live", "frozen", "popularity")
    )
    assert live_last > 1.1 * frozen_last
    assert live_last > 1.8 * popular_last
    assert report.overall("live")["HR@10"] > 0.14
