"""Which hyperparameters would change nothing, so that no control of them is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifelong_widgets.data import Catalog
from lifelong_widgets.models import MODELS
from lifelong_widgets.recommender import Recommender

_HAS = {
    "categories": lambda item: item.categories,
    "image": lambda item: item.image is not None,
    "audio": lambda item: item.audio is not None,
    "social": lambda item: item.texts.get("author", "").strip(),
}
"""Whether an item has a modality. All have a title, and what people do with them is in the log."""


def idle_parts(rec: Recommender) -> dict[str, str]:
    """The parts of `rec` whose hyperparameters change nothing, and the key of the sentence that says why.

    The gate has nothing to weigh where the network is alone, as it is in private. The step is not taken any
    more where not even somebody new has a budget left.

    >>> import lifelong_widgets as lw
    >>> shelf = lw.Catalog.from_records([{"item": "fog"}, {"item": "tide"}])
    >>> settings = lw.privacy.private_settings("person", epsilon=8, uses=2)
    >>> idle_parts(lw.Recommender(shelf, embedding_dim=4, **settings))
    {'gate': 'controls.private'}
    >>> idle_parts(lw.Recommender(shelf, embedding_dim=4))
    {}
    """
    if rec.privacy.on and rec.privacy.uses_left(len(rec.users)) == 0:
        return dict.fromkeys(("gate", "updater"), "controls.closed")
    if rec.memory.network_alone:
        return {"gate": "controls.private" if rec.privacy.on else "controls.alone"}
    return {}


def idle_modalities(catalog: Catalog) -> list[str]:
    """The modalities that no item of `catalog` has, so that it makes no difference how they are read.

    >>> import lifelong_widgets as lw
    >>> idle_modalities(lw.Catalog.from_records([{"item": "fog", "categories": ["Sea"], "image": "fog.png"}]))
    ['audio', 'social']
    """
    return [modality for modality, has in _HAS.items() if not any(map(has, catalog))]


def idle_with(chosen: Mapping[str, Any]) -> list[str]:
    """The blocks that change nothing beside the others that are `chosen`.

    >>> idle_with({"model": "gru"}), idle_with({"model": "cnn"})
    (['n_hidden_layers', 'activation'], [])
    """
    return [] if MODELS[chosen["model"]].dense else ["n_hidden_layers", "activation"]
