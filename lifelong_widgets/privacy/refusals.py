"""What no noise in the gradients of the network would hide, and the settings without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import EllipsisType
from typing import Any

from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers import ItemFeatures
from lifelong_widgets.memory import GROUPS, NETWORK_ALONE
from lifelong_widgets.parts import Part
from lifelong_widgets.privacy.accountant import (
    check_count,
    check_delta,
    check_number,
    noise_for,
)

_ALLOWED: dict[str, tuple[tuple[Any, ...], str]] = {
    "person_features": (("none",), "they are counted from what people did, without noise"),
    "sampling": (("uniform",), "which examples are replayed would depend on what they cost"),
    "retention": (("reservoir", "recent"), "which examples are kept would depend on what is in them"),
    "distillation": ((0.0,), "the scores that are kept with an example are another trace of it"),
    "discount": ((0.0,), "the values are learned by another network, without noise"),
    "adaptation": (("none",), "what an alarm changes depends on what people took from their lists"),
    "optimizer": (
        ("adam", "adagrad", "momentum", "sgd"),
        "it adds up the gradients of the whole log before a step, where nobody is left out by chance",
    ),
}
"""The values of other hyperparameters that go with a guarantee, and why no others do."""


def reason_against(parts: Mapping[str, Part], features: ItemFeatures) -> str | None:
    """Why these hyperparameters void the guarantee; None if they do not."""
    settings = {name: value for part in parts.values() for name, value in part.settings().items()}
    for group in GROUPS:
        name = f"use_{group}"
        if settings[name] != NETWORK_ALONE[name]:
            return f"{name}={settings[name]}, while the fast memory keeps what people did as it was"
    for name, (allowed, why) in _ALLOWED.items():
        if settings[name] not in allowed:
            return f"{name}={settings[name]!r}; {why}"
    for modality, featurizer in features.featurizers.items():
        if featurizer.reads_log:
            name = f"{modality}_features"
            return f"{name}={settings[name]!r}; they are fitted on what people did, without noise"
    if features.learned is not None:
        name = next(name for name, part in features.featurizers.items() if part is features.learned[0])
        return f"{name}_features is learned end to end, item by item as they come, which no noise hides"
    return None


def private_settings(
    unit: str = "person",
    epsilon: float | EllipsisType | None = ...,
    *,
    delta: float = 1e-5,
    epochs: int = 20,
    sampling_rate: float = 0.05,
    uses: int = 0,
) -> dict[str, Any]:
    """The hyperparameters of a recommender that learns with differential privacy.

    Args:
        unit: ``"person"`` or ``"example"``; see `PrivateLearning`.
        epsilon: the noise is chosen so that a fit and `uses` steps after it cost this, which is the budget as
            well. It has to be said, since without it nothing is promised beforehand: None for no budget;
            the noise is then your own `noise_multiplier` and `rec.privacy.report()` tells the ε so far.
        delta: about one in ten times as many people, or less.
        epochs: of the fit, at least 1.
        sampling_rate: of a step of the fit, above 0 and at most 1.
        uses: in how many online steps an example or a person may take part, new or replayed. 0 leaves nothing
            for what comes after a fit.

    Raises:
        DataError: no `epsilon`, an argument that is out of its bounds, or an ε that no noise reaches.

    >>> settings = private_settings(epsilon=3.0, epochs=10)
    >>> settings["noise_multiplier"], settings["use_neighbors"], settings["use_network"]
    (1.373, False, True)
    """
    if unit not in ("example", "person"):
        raise DataError(
            f"unit is {unit!r:.80}; it is 'example' or 'person', as in private_settings('person', epsilon=8)"
        )
    if isinstance(epsilon, EllipsisType):
        raise DataError(
            f"epsilon has to be said: private_settings({unit!r}, epsilon=8), or epsilon=None for no budget"
        )
    epochs, uses, delta = check_count("epochs", epochs, 1), check_count("uses", uses), check_delta(delta)
    sampling_rate = check_number("sampling_rate", sampling_rate, "above 0 and at most 1")
    if not 0 < sampling_rate <= 1:
        raise DataError(f"sampling_rate is {sampling_rate:g}; it must be a number above 0 and at most 1")
    settings = {
        **NETWORK_ALONE,
        "privacy_unit": unit,
        "privacy_delta": delta,
        "epochs": epochs,
        "sampling_rate": sampling_rate,
    }
    if epsilon is not None:
        steps = epochs * steps_an_epoch(sampling_rate)
        noise = noise_for(epsilon, delta, sampling_rate=sampling_rate, steps=steps, uses=uses)
        settings |= {"noise_multiplier": noise, "max_epsilon": float(epsilon)}
    return settings


def steps_an_epoch(sampling_rate: float) -> int:
    """After how many steps a group has taken part once on average."""
    return max(1, math.ceil(1 / sampling_rate - 1e-9))
