"""Drift: noticing that people's tastes have moved away from what the model has learned."""

from __future__ import annotations

from lifelong_widgets.drift.monitor import DriftMark, DriftMonitor

__all__ = ["DriftMark", "DriftMonitor"]
