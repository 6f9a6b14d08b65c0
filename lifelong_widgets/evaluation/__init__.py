"""Evaluation: what a recommender is worth, measured on events that it has not learned yet."""

from __future__ import annotations

from lifelong_widgets.evaluation.ablation import ablate
from lifelong_widgets.evaluation.baselines import (
    ItemKNN,
    LastItem,
    LinearModel,
    RecencyPopularity,
    SequenceKNN,
)
from lifelong_widgets.evaluation.comparison import Comparison
from lifelong_widgets.evaluation.continual import continual
from lifelong_widgets.evaluation.continual_report import ContinualReport
from lifelong_widgets.evaluation.detection import (
    Detection,
    OutcomeStream,
    bernoulli_stream,
    compare_detectors,
    score_alarms,
)
from lifelong_widgets.evaluation.elastic import ElasticLearner, continual_learners
from lifelong_widgets.evaluation.estimate import Estimate
from lifelong_widgets.evaluation.learners import Learner, catalog_after
from lifelong_widgets.evaluation.loop import prequential
from lifelong_widgets.evaluation.metrics import hit_rate, mrr, ndcg
from lifelong_widgets.evaluation.off_policy_report import OffPolicyReport, off_policy_report, slate_value
from lifelong_widgets.evaluation.report import PrequentialReport
from lifelong_widgets.evaluation.reward_models import ItemRates, LinearRewards, cross_fitted

__all__ = [
    "Comparison",
    "ContinualReport",
    "Detection",
    "ElasticLearner",
    "Estimate",
    "ItemKNN",
    "ItemRates",
    "LastItem",
    "Learner",
    "LinearModel",
    "LinearRewards",
    "OffPolicyReport",
    "OutcomeStream",
    "PrequentialReport",
    "RecencyPopularity",
    "SequenceKNN",
    "ablate",
    "bernoulli_stream",
    "catalog_after",
    "compare_detectors",
    "continual",
    "continual_learners",
    "cross_fitted",
    "hit_rate",
    "mrr",
    "ndcg",
    "off_policy_report",
    "prequential",
    "score_alarms",
    "slate_value",
]
