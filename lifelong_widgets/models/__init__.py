"""Floor 2: the network and its parts. A new user encoder is a file here and a line in `ENCODERS`."""

from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.decayed_mlp import DecayedMLP
from lifelong_widgets.models.histories import Histories, HistoriesMark
from lifelong_widgets.models.item_table import ItemTable
from lifelong_widgets.models.network import ENCODERS, Network
from lifelong_widgets.threads import one_thread

__all__ = [
    "ENCODERS",
    "DecayedMLP",
    "Histories",
    "HistoriesMark",
    "ItemTable",
    "Network",
    "UserEncoder",
    "one_thread",
]
