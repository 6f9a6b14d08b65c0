"""Floor 3: the log of everything that was asked of a model, and the folder of checkpoints beside it."""

from lifelong_widgets.journal.checkpoints import Checkpoints
from lifelong_widgets.journal.entries import Entry, Op
from lifelong_widgets.journal.ranges import IdRanges
from lifelong_widgets.journal.steps import (
    AddItems,
    Fit,
    Follow,
    Learn,
    LearnBatch,
    Observe,
    Set,
    SetKinds,
    Step,
    Unfollow,
)
from lifelong_widgets.journal.store import CHECKPOINTS, Journal
from lifelong_widgets.journal.tombstones import Tombstone

__all__ = [
    "CHECKPOINTS",
    "AddItems",
    "Checkpoints",
    "Entry",
    "Fit",
    "Follow",
    "IdRanges",
    "Journal",
    "Learn",
    "LearnBatch",
    "Observe",
    "Op",
    "Set",
    "SetKinds",
    "Step",
    "Tombstone",
    "Unfollow",
]
