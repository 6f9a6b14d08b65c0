"""Drift: noticing that people's tastes have moved away from what the model has learned."""

from __future__ import annotations

from lifelong_widgets.drift.adaptation import ADAPTATIONS, Factors
from lifelong_widgets.drift.detectors import DETECTORS, DUMMIES, Change, Detector, make_detector
from lifelong_widgets.drift.distances import (
    jensen_shannon_divergence,
    population_stability_index,
    rank_biased_overlap,
)
from lifelong_widgets.drift.input import InputDrift, Moved, input_drift
from lifelong_widgets.drift.model import ModelDrift, ModelSnapshot, cosine_distances, model_drift
from lifelong_widgets.drift.monitor import DriftMark, DriftMonitor
from lifelong_widgets.drift.views import DriftByGroup, GroupView, groups_of

__all__ = [
    "ADAPTATIONS",
    "DETECTORS",
    "DUMMIES",
    "Change",
    "Detector",
    "DriftByGroup",
    "DriftMark",
    "DriftMonitor",
    "Factors",
    "GroupView",
    "InputDrift",
    "ModelDrift",
    "ModelSnapshot",
    "Moved",
    "cosine_distances",
    "groups_of",
    "input_drift",
    "jensen_shannon_divergence",
    "make_detector",
    "model_drift",
    "population_stability_index",
    "rank_biased_overlap",
]
