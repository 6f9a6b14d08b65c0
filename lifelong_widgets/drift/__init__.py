"""Drift: noticing that people's tastes have moved away from what the model has learned."""

from __future__ import annotations

from lifelong_widgets.drift.detectors import DETECTORS, DUMMIES, Change, Detector, make_detector
from lifelong_widgets.drift.distances import (
    jensen_shannon_divergence,
    population_stability_index,
    rank_biased_overlap,
)
from lifelong_widgets.drift.input_drift import InputDrift, Moved, input_drift
from lifelong_widgets.drift.monitor import DriftMark, DriftMonitor

__all__ = [
    "DETECTORS",
    "DUMMIES",
    "Change",
    "Detector",
    "DriftMark",
    "DriftMonitor",
    "InputDrift",
    "Moved",
    "input_drift",
    "jensen_shannon_divergence",
    "make_detector",
    "population_stability_index",
    "rank_biased_overlap",
]
