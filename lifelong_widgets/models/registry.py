"""The models by name: each a user encoder and a scoring head."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lifelong_widgets.data.display import WholeTexts
from lifelong_widgets.models.base import UserEncoder
from lifelong_widgets.models.cnn import CNN
from lifelong_widgets.models.decayed_mlp import DecayedMLP
from lifelong_widgets.models.heads import ClickLSTM, MLPRanker, Product, ScoringHead, TwoTower
from lifelong_widgets.models.recurrent import GRU, LSTM, LSTMState
from lifelong_widgets.models.self_attention import SelfAttention


@dataclass(frozen=True, slots=True)
class Model:
    """A pair of an encoder and a head, and what a person should know of it.

    Attributes:
        encoder: reads the history.
        head: scores what it gives against the items.
        reads: how the history is read, in a sentence.
        scores: how a score is made.
        source: a paper that it is after.
        dense: whether it has dense hidden layers, to which `activation` and `n_hidden_layers` say something.
    """

    encoder: type[UserEncoder]
    head: type[ScoringHead]
    reads: str
    scores: str
    source: str
    dense: bool = True


_PRODUCT = "u · v"

MODELS: dict[str, Model] = {
    "decayed_mlp": Model(
        DecayedMLP,
        Product,
        "An MLP over averages of the history at several half-lives.",
        _PRODUCT,
        "Covington et al. 2016 (RecSys)",
    ),
    "mlp": Model(
        DecayedMLP,
        MLPRanker,
        "The same user vector; an MLP ranks each pair.",
        "w · h([u, v, u ∘ v]) + b",
        "He et al. 2017 (WWW)",
    ),
    "two_tower": Model(
        DecayedMLP,
        TwoTower,
        "The same user tower, and an MLP tower over each item.",
        "u · (s v + W h(v) + b)",
        "Yi et al. 2019 (RecSys)",
    ),
    "cnn": Model(
        CNN,
        Product,
        "Filters over windows of three events, and their maximum over the history.",
        _PRODUCT,
        "Kim 2014 (EMNLP)",
    ),
    "lstm": Model(
        LSTM,
        Product,
        "A long short-term memory, from the oldest event to the newest.",
        _PRODUCT,
        "Hochreiter & Schmidhuber 1997 (Neural Computation)",
        dense=False,
    ),
    "gru": Model(
        GRU,
        Product,
        "Gated recurrent units, from the oldest event to the newest.",
        _PRODUCT,
        "Hidasi et al. 2016 (ICLR)",
        dense=False,
    ),
    "self_attention": Model(
        SelfAttention,
        Product,
        "Attention from the newest event to all others, with learned places.",
        _PRODUCT,
        "Kang & McAuley 2018 (ICDM)",
    ),
    "lstm_click": Model(
        LSTMState,
        ClickLSTM,
        "Embedding → LSTM → Dense(sigmoid): the LSTM reads the history, then the item.",
        "w · LSTM(history, v) + b",
        "Hochreiter & Schmidhuber 1997 (Neural Computation)",
        dense=False,
    ),
}
"""Every model there is, by the name that ``Recommender(catalog, model=…)`` takes."""


def list_models() -> pd.DataFrame:
    """What there is: one row a model, by name, with how it reads a history, how it scores, and its source.

    >>> models = list_models()
    >>> list(models.index)
    ['decayed_mlp', 'mlp', 'two_tower', 'cnn', 'lstm', 'gru', 'self_attention', 'lstm_click']
    >>> models.loc["cnn", "score"], models.loc["cnn", "source"]
    ('u · v', 'Kim 2014 (EMNLP)')
    """
    rows = [(model.reads, model.scores, model.source) for model in MODELS.values()]
    return WholeTexts(
        rows, index=pd.Index(MODELS, name="model"), columns=["what it is", "score", "source"], dtype="str"
    )
