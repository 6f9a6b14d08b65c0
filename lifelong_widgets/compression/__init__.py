"""Floor 3: smaller copies for serving that follow a live model, each with a report of what it costs."""

from lifelong_widgets.compression.following import Touched
from lifelong_widgets.compression.measuring import compress
from lifelong_widgets.compression.methods import METHODS, Method, Methods, Plan, plan_of
from lifelong_widgets.compression.report import CompressionReport, Kept
from lifelong_widgets.compression.serving import CompressedRecommender
from lifelong_widgets.compression.sweep import Point, Sweep, sweep

__all__ = [
    "METHODS",
    "CompressedRecommender",
    "CompressionReport",
    "Kept",
    "Method",
    "Methods",
    "Plan",
    "Point",
    "Sweep",
    "Touched",
    "compress",
    "plan_of",
    "sweep",
]
