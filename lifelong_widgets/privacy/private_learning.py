"""Differentially private learning: what it costs so far, and what it refuses."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError, PrivacyError
from lifelong_widgets.featurizers import ItemFeatures
from lifelong_widgets.parts import FiniteFloat, Part, unless_built
from lifelong_widgets.privacy.accountant import ORDERS, epsilon_of, gaussian_rdp, subsampled_rdp
from lifelong_widgets.privacy.mechanism import GaussianMechanism
from lifelong_widgets.privacy.refusals import reason_against
from lifelong_widgets.privacy.report import PrivacyReport
from lifelong_widgets.state_file import count_of

UNITS = ("none", "example", "person")

_KEY_BYTES = 32


@dataclass(slots=True)
class PrivacyMark:
    """What `PrivateLearning.revert` needs."""

    chain: bytes
    n_steps: int
    most_uses: int
    n_groups: int
    uses: dict[int, int] = field(default_factory=dict)


class PrivateLearning(Part):
    """Lets the network learn with differential privacy, counts what that has cost, and keeps to a budget.

    The `privacy_unit` says whose trace is hidden. ``"example"``: that of one event with the history before
    it. Since an event also stands in the later histories of its own person, this protects less than
    ``"person"``, which hides all that one person has ever done.

    Two logs are neighbours if one example (person) is blank in one of them: its place is there, and it says
    nothing. P. Kairouz et al., "Practical and private (deep) learning without sampling or shuffling", ICML
    2021. What is protected is all that the network has learned, and so every list, from anybody else than
    the person themself, whose own lists are made from their own history: M. Kearns et al., "Mechanism design
    in large games", ITCS 2014 (joint differential privacy).

    A fit samples groups in secret and costs what `subsampled_rdp` says. Each step after it costs the groups
    that take part in it, as new or replayed, what `gaussian_rdp` says; who takes part does not depend on what
    anybody did. ε is of the group that has taken part most often. A group whose next step would exceed
    `max_epsilon` takes part in no more.
    """

    privacy_unit = traitlets.Enum(
        list(UNITS), default_value="none", help="Whose trace in what is learned is hidden by noise, if any."
    ).tag(config=True, label="What is kept private")
    noise_multiplier = FiniteFloat(
        1.0,
        min=0.0,
        max=10_000.0,
        help="The noise of a step, in units of what one example or person can change in it; 0 is no privacy.",
    ).tag(config=True, label="Noise")
    clipping_norm = FiniteFloat(
        0.5, min=1e-6, max=1e6, help="The norm that the gradient of one example or person is held to."
    ).tag(config=True, scale="log", label="Clipping")
    privacy_delta = FiniteFloat(
        1e-5,
        min=1e-15,
        max=0.1,
        help="The chance with which the promise of privacy may fail; far below one in so many people.",
    ).tag(config=True, scale="log", label="Delta")
    sampling_rate = FiniteFloat(
        0.05, min=1e-6, max=1.0, help="How likely an example or person takes part in a step of a private fit."
    ).tag(config=True, scale="log", label="Sampling rate")
    max_epsilon = FiniteFloat(
        0.0, min=0.0, max=1e6, help="The most privacy loss: whoever would exceed it teaches no more; 0: none."
    ).tag(config=True, label="Budget")

    mechanism: GaussianMechanism | None = None

    def __repr__(self) -> str:
        if self.privacy_unit == "none":  # noise that is not there is not told of
            return "PrivateLearning(privacy_unit='none')"
        return super().__repr__()

    @property
    def on(self) -> bool:
        """Whether anything is kept private."""
        return self.mechanism is not None

    @property
    def of_people(self) -> bool:
        """Whether whole people are."""
        return self.privacy_unit == "person"

    def build(self, parts: Mapping[str, Part], features: ItemFeatures, capacity: int) -> None:
        """Begin with a model that has learned nothing. What was spent on one before it stays spent.

        Raises:
            PrivacyError: another hyperparameter lets the model see what no noise hides.
        """
        self._built, self._parts, self._features = True, parts, features
        if self.privacy_unit == "none":
            return
        self.refuse_unless_private()
        before = self.mechanism
        if before is None:
            self._fits: list[tuple[float, int]] = []  # the sampling rate and the number of steps of each
            self._n_steps, self._most_uses = 0, 0
        key = secrets.token_bytes(_KEY_BYTES) if before is None else before.key
        self.mechanism = GaussianMechanism(self.clipping_norm, self.noise_multiplier, key)
        if before is not None:
            self.mechanism.chain = before.chain
        # of people by index, or of slots of the buffer; all begin with what anybody has had before
        self._uses: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        if not self.of_people:
            self._uses = np.full(capacity, self._most_uses, dtype=np.int64)
        self._at_first = self._most_uses

    def take_key(self, key: str) -> None:
        """Draw noise under this key, hexadecimal, from the beginning on.

        Raises:
            FormatError: it is none.
        """
        assert self.mechanism is not None
        self.mechanism.key = _bytes_of(key)

    def refuse_unless_private(self) -> None:
        """Raise a PrivacyError if another hyperparameter voids the guarantee."""
        reason = reason_against(self._parts, self._features)
        if reason:
            raise PrivacyError(
                f"privacy_unit={self.privacy_unit!r} cannot be kept: {reason}. The settings that go with it: "
                "lw.privacy.private_settings(epsilon=...)"
            )

    def refuse_noise_without_unit(self) -> None:
        """Raise a PrivacyError if noise or a budget was asked for, and no `privacy_unit`."""
        if self.privacy_unit != "none":
            return
        for name, trait in self.traits(config=True).items():
            if (given := getattr(self, name)) != trait.default_value:
                raise PrivacyError(
                    f"{name}={given:g} keeps nothing private without a privacy_unit: give "
                    "privacy_unit='example' or 'person' as well, or "
                    "**lw.privacy.private_settings('person', epsilon=8), which chooses the noise"
                )

    # ---- what was spent ---------------------------------------------------------------------------------

    @property
    def epsilon(self) -> float:
        """What was spent so far by who has taken part most; infinite without noise, or without privacy."""
        return self._spent(self._most_uses) if self.on else math.inf

    def report(self) -> PrivacyReport:
        """What is promised, and what was spent of it."""
        if not self.on:
            return PrivacyReport("none", math.inf, 0.0, 0.0, 0.0, 0, 0, 0, None)
        return PrivacyReport(
            self.privacy_unit,
            self.epsilon,
            self.privacy_delta,
            self.noise_multiplier,
            self.clipping_norm,
            sum(steps for _, steps in self._fits),
            self._n_steps,
            self._most_uses,
            self.max_epsilon or None,
        )

    def most_uses(self) -> float:
        """In how many steps a group may take part within the budget; infinite if there is none."""
        if not self.max_epsilon:
            return math.inf
        if self._spent(0) > self.max_epsilon:
            return 0
        low, high = 0, 1
        while self._spent(high) <= self.max_epsilon and high < 2**40:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._spent(middle) <= self.max_epsilon else (low, middle)
        return low

    def _spent(self, uses: int, steps: int = 0) -> float:
        rdp = np.zeros(len(ORDERS))
        for rate, n in [*self._fits, *([(self.sampling_rate, steps)] if steps else [])]:
            rdp = rdp + n * subsampled_rdp(rate, self.noise_multiplier)
        if uses:
            rdp = rdp + uses * gaussian_rdp(self.noise_multiplier)
        return epsilon_of(rdp, self.privacy_delta)

    def uses_of(self, person: int) -> int | None:
        """In how many steps since the fit a person has taken part; None if people are not counted."""
        return int(self._uses_of(np.array([person]))[0]) if self.on and self.of_people else None

    def refuse_fit(self, steps: int) -> None:
        """Raise a PrivacyError if a fit of so many steps would exceed the budget."""
        after = self._spent(self._most_uses, steps)
        if self.max_epsilon and after > self.max_epsilon:
            raise PrivacyError(
                f"after a fit of {steps:,} steps epsilon would be {after:.3g}, above max_epsilon="
                f"{self.max_epsilon:g}: fewer epochs, more noise_multiplier or a smaller sampling_rate cost "
                "less; lw.privacy.private_settings(epsilon=...) chooses the noise"
            )

    def note_fit(self, steps: int) -> None:
        """A fit of so many steps was made."""
        if steps:
            self._fits.append((self.sampling_rate, steps))

    # ---- the online step --------------------------------------------------------------------------------

    def may_learn(self, groups: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some people, or slots, may take part in one more step."""
        return self._uses_of(groups) < self._allowed()

    def may_learn_new(self, people: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of new examples, of these people, may be learned."""
        if self.of_people:
            return self.may_learn(people)
        return np.full(len(people), self._at_first < self._allowed())

    def uses_left(self, person: int) -> float:
        """In how many more steps something new of a person may be learned; infinite if that is not limited.

        Of people, what is replayed of them meanwhile takes from that. A new example has none behind it.
        """
        if self.of_people:
            return max(0.0, self._allowed() - int(self._uses_of(np.array([person]))[0]))
        return math.inf if self._at_first < self._allowed() else 0.0

    def note_step(self, groups: NDArray[np.int64], n_new: int, mark: PrivacyMark | None) -> None:
        """These people, or slots, have taken part in a step, each once, and `n_new` new examples."""
        self._n_steps += 1
        counts = self._uses_of(groups) + 1
        self._put(groups, counts, mark)
        new = self._at_first + 1 if n_new and not self.of_people else 0
        self._most_uses = max(self._most_uses, int(counts.max(initial=0)), new)

    def note_kept(
        self, slots: NDArray[np.int64], learned: NDArray[np.bool_], mark: PrivacyMark | None
    ) -> None:
        """New examples lie in these slots of the buffer now, -1 for none; `learned` says whether each was."""
        if not self.on or self.of_people:
            return
        kept = slots >= 0
        self._put(slots[kept], self._at_first + learned[kept].astype(np.int64), mark)

    def _allowed(self) -> float:
        spent = tuple(self._fits)
        if getattr(self, "_allowed_after", None) != spent:  # a bisection is not for every click
            self._allowed_after, self._allowance = spent, self.most_uses()
        return self._allowance

    def _uses_of(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        there = groups < len(self._uses)
        found = np.full(len(groups), self._at_first, dtype=np.int64)
        found[there] = self._uses[groups[there]]
        return found

    def _put(self, groups: NDArray[np.int64], counts: NDArray[np.int64], mark: PrivacyMark | None) -> None:
        n = int(groups.max(initial=-1)) + 1
        if n > len(self._uses):
            more = max(n, 2 * len(self._uses)) - len(self._uses)
            self._uses = np.concatenate([self._uses, np.full(more, self._at_first, dtype=np.int64)])
        if mark is not None:
            for group in groups.tolist():
                mark.uses.setdefault(group, int(self._uses[group]))
        self._uses[groups] = counts

    # ---- state ------------------------------------------------------------------------------------------

    def mark(self) -> PrivacyMark | None:
        """A place to come back to, if a step fails."""
        if self.mechanism is None:
            return None
        return PrivacyMark(self.mechanism.chain, self._n_steps, self._most_uses, len(self._uses))

    def revert(self, mark: PrivacyMark | None) -> None:
        """Be again as at `mark`: nothing of what was done since has left the machine."""
        if mark is None or self.mechanism is None:
            return
        for group, count in mark.uses.items():
            self._uses[group] = count
        self._uses = self._uses[: mark.n_groups]
        self.mechanism.chain, self._n_steps, self._most_uses = mark.chain, mark.n_steps, mark.most_uses

    def get_state(self) -> dict[str, Any]:
        """The key, the chain and what was spent. Whoever has the key can take the noise away again."""
        assert self.mechanism is not None
        people = np.flatnonzero(self._uses != self._at_first)
        n = (int(people[-1]) + 1 if len(people) else 0) if self.of_people else len(self._uses)
        return {
            "key": self.mechanism.key.hex(),
            "chain": self.mechanism.chain.hex(),
            "fit_rates": np.array([rate for rate, _ in self._fits], dtype=np.float64),
            "fit_steps": np.array([steps for _, steps in self._fits], dtype=np.int64),
            "n_steps": self._n_steps,
            "most_uses": self._most_uses,
            "at_first": self._at_first,
            "uses": self._uses[:n].copy(),
        }

    def set_state(self, state: dict[str, Any], n_people: int, capacity: int) -> None:
        """Take a state back.

        Raises:
            FormatError: it is damaged.
        """
        assert self.mechanism is not None
        key, chain = _bytes_of(state["key"]), _bytes_of(state["chain"])
        rates, steps, uses = (state[name] for name in ("fit_rates", "fit_steps", "uses"))
        fits = all(isinstance(array, np.ndarray) and array.ndim == 1 for array in (rates, steps, uses))
        if not fits or len(rates) != len(steps) or steps.dtype != np.int64 or uses.dtype != np.int64:
            raise FormatError("privacy: the account is damaged")
        if rates.dtype != np.float64 or not ((rates > 0) & (rates <= 1)).all() or (steps < 1).any():
            raise FormatError("privacy: a fit has a sampling rate or a number of steps that cannot be")
        names = ("n_steps", "most_uses", "at_first")
        n_steps, most, first = (count_of(state[name], name) for name in names)
        right = len(uses) <= n_people if self.of_people else len(uses) == capacity
        if not right or (len(uses) and not first <= uses.min() <= uses.max() <= most) or first > most:
            raise FormatError("privacy: the account does not fit the people, the buffer or itself")
        self.mechanism.key, self.mechanism.chain = key, chain
        self._fits = list(zip(rates.tolist(), steps.tolist(), strict=True))
        self._n_steps, self._most_uses, self._at_first, self._uses = n_steps, most, first, uses.copy()

    @traitlets.validate(
        "privacy_unit", "noise_multiplier", "clipping_norm", "privacy_delta", "sampling_rate", "max_epsilon"
    )
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_built"), "guarantee")


def _bytes_of(text: object) -> bytes:
    try:
        found = bytes.fromhex(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = b""
    if len(found) != _KEY_BYTES:
        raise FormatError("privacy: the key of the noise is damaged")
    return found
