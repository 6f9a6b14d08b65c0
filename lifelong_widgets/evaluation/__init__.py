"""Evaluation: what a recommender is worth, measured on events that it has not learned yet."""

from __future__ import annotations

from lifelong_widgets.evaluation.baselines import (
    ItemKNN,
    LastItem,
    LinearModel,
    RecencyPopularity,
    SequenceKNN,
)
from lifelong_widgets.evaluation.continual import continual
from lifelong_widgets.evaluation.continual_report import ContinualReport
from lifelong_widgets.evaluation.learners import Learner
from lifelong_widgets.evaluation.loop import prequential
from lifelong_widgets.evaluation.metrics import hit_rate, mrr, ndcg
from lifelong_widgets.evaluation.report import PrequentialReport

__all__ = [
    "ContinualReport",
    "ItemKNN",
    "LastItem",
    "Learner",
    "LinearModel",
    "PrequentialReport",
    "RecencyPopularity",
    "SequenceKNN",
    "continual",
    "hit_rate",
    "mrr",
    "ndcg",
    "prequential",
]
