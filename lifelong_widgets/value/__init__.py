"""Floor 3, above learning: what an item is worth in the long run, learned from what people did after it."""

from lifelong_widgets.value.learner import ValueLearner, ValueMark
from lifelong_widgets.value.pending import Awaiting, Pending
from lifelong_widgets.value.table import ItemValue, ItemValues
from lifelong_widgets.value.transitions import SLATE_SIZE, Slate, Transitions, slate_of

__all__ = [
    "SLATE_SIZE",
    "Awaiting",
    "ItemValue",
    "ItemValues",
    "Pending",
    "Slate",
    "Transitions",
    "ValueLearner",
    "ValueMark",
    "slate_of",
]
