"""What every model has to beat: simple learners with the verbs of `Recommender`, one a file."""

from __future__ import annotations

from lifelong_widgets.evaluation.baselines.item_knn import ItemKNN
from lifelong_widgets.evaluation.baselines.last_item import LastItem
from lifelong_widgets.evaluation.baselines.linear_model import LinearModel
from lifelong_widgets.evaluation.baselines.recency_popularity import RecencyPopularity
from lifelong_widgets.evaluation.baselines.sequence_knn import SequenceKNN

__all__ = ["ItemKNN", "LastItem", "LinearModel", "RecencyPopularity", "SequenceKNN"]
