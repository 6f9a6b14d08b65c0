"""Floor 3: objectives, replay, the online step and the offline fit."""

from lifelong_widgets.learning.distillation import Distillation, Scored, score
from lifelong_widgets.learning.elastic import ElasticPenalty
from lifelong_widgets.learning.examples import Examples, examples_of_batch, pasts_of_batch
from lifelong_widgets.learning.log_examples import LogExamples
from lifelong_widgets.learning.negatives import Negatives
from lifelong_widgets.learning.objectives import (
    OBJECTIVES,
    Objective,
    binary_cross_entropy,
    bpr,
    sampled_softmax,
)
from lifelong_widgets.learning.replay import ReplayBuffer, ReplayMark
from lifelong_widgets.learning.trainer import FitReport, Trainer
from lifelong_widgets.learning.updater import OnlineUpdater, StepMark

__all__ = [
    "OBJECTIVES",
    "Distillation",
    "ElasticPenalty",
    "Examples",
    "FitReport",
    "LogExamples",
    "Negatives",
    "Objective",
    "OnlineUpdater",
    "ReplayBuffer",
    "ReplayMark",
    "Scored",
    "StepMark",
    "Trainer",
    "binary_cross_entropy",
    "bpr",
    "examples_of_batch",
    "pasts_of_batch",
    "sampled_softmax",
    "score",
]
