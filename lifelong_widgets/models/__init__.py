"""Floor 2: the network and its parts. A new model is a user encoder or a scoring head, listed in `MODELS`.

>>> import lifelong_widgets as lw
>>> lw.models.list().loc["gru", "source"]
'Hidasi et al. 2016 (ICLR)'
"""

from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.cnn import CNN
from lifelong_widgets.models.decayed_mlp import DecayedMLP
from lifelong_widgets.models.heads import ClickLSTM, MLPRanker, PairHead, Product, ScoringHead, TwoTower
from lifelong_widgets.models.histories import Histories, HistoriesMark
from lifelong_widgets.models.item_table import ItemTable
from lifelong_widgets.models.layers import ACTIVATIONS
from lifelong_widgets.models.learned_content import LearnedContent
from lifelong_widgets.models.network import Network
from lifelong_widgets.models.recurrent import GRU, LSTM, LSTMState
from lifelong_widgets.models.registry import MODELS, Model
from lifelong_widgets.models.registry import list_models as list
from lifelong_widgets.models.row_optimizers import RowsBefore
from lifelong_widgets.models.self_attention import SelfAttention
from lifelong_widgets.threads import one_thread

__all__ = [
    "ACTIVATIONS",
    "CNN",
    "GRU",
    "LSTM",
    "MODELS",
    "ClickLSTM",
    "DecayedMLP",
    "Histories",
    "HistoriesMark",
    "ItemTable",
    "LSTMState",
    "LearnedContent",
    "MLPRanker",
    "Model",
    "Network",
    "PairHead",
    "Product",
    "RowsBefore",
    "ScoringHead",
    "SelfAttention",
    "TwoTower",
    "UserEncoder",
    "list",
    "one_thread",
]
