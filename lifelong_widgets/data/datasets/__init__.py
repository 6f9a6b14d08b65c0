"""Data sets by name: real ones, fetched and kept, and simulated ones whose truth is known."""

from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.registry import list_names as list
from lifelong_widgets.data.datasets.registry import load, summaries
from lifelong_widgets.data.datasets.tastes import TasteTruth
from lifelong_widgets.data.datasets.worlds import World

__all__ = ["Dataset", "TasteTruth", "World", "list", "load", "summaries"]
