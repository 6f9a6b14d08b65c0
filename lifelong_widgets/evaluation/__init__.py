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
from lifelong_widgets.evaluation.detection import (
    Detection,
    OutcomeStream,
    bernoulli_stream,
    compare_detectors,
    score_alarms,
)
from lifelong_widgets.evaluation.learners import Learner
from lifelong_widgets.evaluation.loop import prequential
from lifelong_widgets.evaluation.metrics import hit_rate, mrr, ndcg
from lifelong_widgets.evaluation.report import PrequentialReport

__all__ = [
    "ContinualReport",
    "Detection",
    "ItemKNN",
    "LastItem",
    "Learner",
    "LinearModel",
    "OutcomeStream",
    "PrequentialReport",
    "RecencyPopularity",
    "SequenceKNN",
    "bernoulli_stream",
    "compare_detectors",
    "continual",
    "hit_rate",
    "mrr",
    "ndcg",
    "prequential",
    "score_alarms",
]
