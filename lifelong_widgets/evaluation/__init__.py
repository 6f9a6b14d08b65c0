"""Evaluation: what a recommender is worth, measured on events that it has not learned yet."""

from __future__ import annotations

from lifelong_widgets.evaluation.baselines import RecencyPopularity
from lifelong_widgets.evaluation.loop import Learner, prequential
from lifelong_widgets.evaluation.metrics import hit_rate, mrr, ndcg
from lifelong_widgets.evaluation.report import PrequentialReport

__all__ = [
    "Learner",
    "PrequentialReport",
    "RecencyPopularity",
    "hit_rate",
    "mrr",
    "ndcg",
    "prequential",
]
