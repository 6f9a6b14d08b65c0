"""How values are learned: the settings, declared once."""

from __future__ import annotations

from typing import Any

import traitlets

from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber, unless_built


class ValueSettings(Part):
    """The settings of a `ValueLearner`. They are fixed once it is built."""

    discount = FiniteFloat(
        0.0,
        min=0.0,
        max=0.999,
        help="How much the next reward counts beside this one; 0 ranks by clicks alone and costs nothing.",
    ).tag(config=True, label="Discount γ", compared=(0.0, 0.5, 0.9))
    session_gap = FiniteFloat(
        1800.0,
        min=1e-3,
        max=1e9,
        help="Seconds of silence after which a person has left; it has to suit the times of the log.",
    ).tag(config=True, scale="log", label="Session gap")
    target_update = WholeNumber(
        20, min=1, max=1_000_000, help="Steps after which the target network is copied anew."
    ).tag(config=True, scale="log", label="Target update")
    double_q = traitlets.Bool(
        True, help="Whether one network chooses the best next item and the other one says what it is worth."
    ).tag(config=True, label="Double Q")
    slate_decomposition = traitlets.Bool(
        False, help="Whether the next state is worth what its list is on average, rather than its best item."
    ).tag(config=True, label="Slate decomposition")
    substitution = FiniteFloat(
        0.7,
        min=0.0,
        max=0.95,
        help="How likely who takes an item would otherwise take another of the list, whose value is lost.",
    ).tag(config=True, label="Substitution")
    value_learning_rate = FiniteFloat(
        0.003, min=1e-6, max=0.1, help="How far one event moves the values (Adam's step size)."
    ).tag(config=True, scale="log", label="Value learning rate")
    value_replay_ratio = WholeNumber(
        7, min=0, max=64, help="How many past transitions are learned again beside each new one."
    ).tag(config=True, label="Transitions replayed")

    @traitlets.validate(
        "discount",
        "session_gap",
        "target_update",
        "double_q",
        "slate_decomposition",
        "substitution",
        "value_learning_rate",
        "value_replay_ratio",
    )
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_built"), "values")
