"""What is promised, and what was spent of it, in words."""

from __future__ import annotations

import html
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class PrivacyReport:
    """The account of a recommender that learns privately.

    Attributes:
        unit: whose trace is hidden: ``example``, ``person``, or ``none``.
        epsilon: what was spent so far.
        delta: the chance with which the promise may fail.
        noise_multiplier: σ.
        clipping_norm: C.
        fit_steps: steps of all fits.
        online_steps: steps since.
        most_uses: in how many of the latter the example or person that took part most often did.
        max_epsilon: the budget, if there is one.
    """

    unit: str
    epsilon: float
    delta: float
    noise_multiplier: float
    clipping_norm: float
    fit_steps: int
    online_steps: int
    most_uses: int
    max_epsilon: float | None

    def __str__(self) -> str:
        if self.unit == "none":
            return "nothing is kept private: privacy_unit='none'"
        spent = f"ε = {self.epsilon:.2f}" if self.epsilon < float("inf") else "ε = ∞ (there is no noise)"
        budget = "" if self.max_epsilon is None else f" of {self.max_epsilon:g}"
        whom = "each person" if self.unit == "person" else "each example (one event with its history)"
        steps = f"{self.fit_steps:,} steps of fits"
        if self.online_steps:
            most = f"in {self.most_uses:,} of which the one seen most often took part"
            steps = f"{steps} and {self.online_steps:,} since, {most}"
        return f"{spent}{budget}, δ = {self.delta:g} for {whom}, after {steps}"

    def __repr__(self) -> str:
        return f"<PrivacyReport: {self}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"
