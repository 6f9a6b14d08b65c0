"""The front end: widgets on a live recommender, each alone in a cell or together in the `Studio`."""

from lifelong_widgets.widgets.compression_panel import CompressionPanel
from lifelong_widgets.widgets.controls import Controls
from lifelong_widgets.widgets.job import Job
from lifelong_widgets.widgets.memory_strip import MemoryStrip
from lifelong_widgets.widgets.metrics_chart import MetricsChart
from lifelong_widgets.widgets.recommendation_list import RecommendationList
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.simulation_panel import SimulationPanel
from lifelong_widgets.widgets.studio import Studio
from lifelong_widgets.widgets.user_picker import UserPicker
from lifelong_widgets.widgets.workbench import Workbench

__all__ = [
    "CompressionPanel",
    "Controls",
    "Job",
    "LiveSession",
    "MemoryStrip",
    "MetricsChart",
    "RecommendationList",
    "SimulationPanel",
    "Studio",
    "UserPicker",
    "Workbench",
]
