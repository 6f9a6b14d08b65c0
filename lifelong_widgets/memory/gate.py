"""The gate: a small network that learns online whom to trust for which item."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import traitlets
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.candidates import CONTEXT, COUNT, FEATURES, SILENT, Candidates, newcomers_beside
from lifelong_widgets.memory.item_bias import ItemBias
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.past_lists import PastLists
from lifelong_widgets.memory.path_integral import Attributions, integrated_gradients
from lifelong_widgets.memory.personal import PersonalWeights
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber, unless_built
from lifelong_widgets.state_file import count_of

_PRIOR = {
    "close.share": 0.5,
    "neighbors.share": 1.5,
    "successors.share": 0.5,
    "linear.share": 1.5,
    "network.share": 1.5,
    "network.log_score": 1.0,
    "popularity.3": 0.5,
    "popularity.5": 0.5,
    "repeats.disliked": -2.0,
}
"""Whom a gate trusts that has learned nothing yet: everybody about alike, and nobody's dislikes."""

_BETA_1, _BETA_2 = 0.9, 0.999  # Adam's
_AVERAGING = 0.998  # what a step leaves of the moving average
_FADING = 0.99  # what an event leaves of the losses before it
_TRUST = 0.5  # how strongly the mixture prefers the one with the smaller losses
_WORST = 12.0  # no event counts for more


class Judged(NamedTuple):
    """What a gate says of the items of a list.

    Attributes:
        scores: of each, (n,), float32.
        of_average: what the moving average of its parameters says alone, (n,), float32.
    """

    scores: NDArray[np.float32]
    of_average: NDArray[np.float32]


class Lesson(NamedTuple):
    """A list, and what was taken from it.

    Attributes:
        candidates: the items of the list.
        judged: what the gate says of them.
        place: where the right one is.
        weight: how much the lesson counts.
        person: whose list it was, by their index.
    """

    candidates: Candidates
    judged: Judged
    place: int
    weight: float
    person: int


class Gate(Part):
    """Scores candidates: ``z_i = w · x_i + v · relu(W x_i + b)``, trained by softmax over the candidates.

    Each event is an example: the candidates for the person as they were before it, among them the item that
    was taken (if it is not there the event teaches the gate nothing). Beside it some of the last 2,000 such
    lists are learned again (`PastLists`). The loss is the cross-entropy, the step Adam's, the rate falls from
    `gate_learning_rate` to three tenths of it within some ten thousand steps. The linear weights begin with a
    prior, so that the first list is sensible.

    A rate that suits a log that turns every hour is too noisy for one that does not. So what scores is a
    mixture of two: the parameters as they are, and their moving average over some five hundred steps, each
    trusted by how well it has foreseen the last hundred events. What it still gets wrong about single items
    and single people is learned beside it (`ItemBias`, `PersonalWeights`).

    Until a list has held an item that nobody has had, two such are imagined beside each list and not taken:
    a gate that has met none would rank the first one to come by chance.

    Source: stacking, D. Wolpert, "Stacked generalization", Neural Networks 1992, learned prequentially, so
    that every member is judged on what it had not seen; the loss of Z. Cao et al., "Learning to rank: from
    pairwise approach to listwise approach", ICML 2007, for one relevant item. The average: B. Polyak and A.
    Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control and Optimization 1992.
    The mixture: exponential weights, V. Vovk, "Aggregating strategies", COLT 1990, of losses that fade, since
    the better one may change: M. Herbster and M. Warmuth, "Tracking the best expert", Machine Learning 1998.
    """

    gate_learning_rate = FiniteFloat(
        0.003, min=1e-6, max=0.1, help="How fast the gate learns whom to trust (Adam's step size)."
    ).tag(config=True, live=True, scale="log", label="Gate learning rate")
    gate_replay_ratio = WholeNumber(
        7, min=0, max=64, help="How many past lists the gate learns from again beside each new one."
    ).tag(config=True, live=True, label="Lists replayed")
    item_bias_learning_rate = FiniteFloat(
        0.03, min=0.0, max=1.0, help="How fast the gate learns that an item is taken more often than it says."
    ).tag(config=True, live=True, label="Item bias rate")
    personal_learning_rate = FiniteFloat(
        0.06, min=0.0, max=1.0, help="How fast the gate learns whom the choices of each single person follow."
    ).tag(config=True, live=True, label="Personal rate")
    gate_hidden_dim = WholeNumber(32, min=1, max=1024, help="Width of the hidden layer of the gate.").tag(
        config=True
    )

    def build(self, seed: int) -> None:
        """Make the parameters. Call once before use."""
        rng = np.random.default_rng(seed)
        n, hidden = len(FEATURES), self.gate_hidden_dim
        self._parameters = np.concatenate(
            [
                (rng.standard_normal((n, hidden)) / np.sqrt(n)).ravel(),
                np.zeros(hidden),
                0.1 * rng.standard_normal(hidden) / np.sqrt(hidden),
                np.array([_PRIOR.get(name, 0.0) for name in FEATURES]),
            ]
        ).astype(np.float32)
        self._average = self._parameters.copy()
        self._moments = np.zeros((2, len(self._parameters)), dtype=np.float32)
        self._past, self._bias, self._personal = PastLists(n), ItemBias(), PersonalWeights(n)
        self._losses = np.zeros(2)  # that fade, of the parameters as they are and of their average
        self._n_steps = 0
        self._met_newcomers = False  # whether there was ever an item in a list that nobody had had

    @property
    def n_steps(self) -> int:
        """How many steps were taken."""
        return self._n_steps

    def judge(self, person: int | None, items: NDArray[np.int64], features: NDArray[np.float32]) -> Judged:
        """What the gate says of each of `items` for a person, given a row of features for each.

        The person is somebody's index; None, or one that nothing is known of, is anybody.
        """
        mixed, of_average = _mixture(
            self._parameters, self._average, self.gate_hidden_dim, features, self.trust_in_average
        )
        mixed += self._bias.of(items)
        mixed += self._personal.scores(person, features)
        return Judged(mixed, of_average)

    def attributions(
        self, person: int | None, items: NDArray[np.int64], features: NDArray[np.float32]
    ) -> Attributions:
        """What the scores of `items` are made of, against an item of which nobody has anything to say.

        The arguments are those of `judge`. What is said of the person, the `context`, is the same for both.
        """
        silent = SILENT.astype(np.float64)
        if len(features):
            silent[CONTEXT] = features[0, CONTEXT]
        of_now, at_now = integrated_gradients(self._parameters, self.gate_hidden_dim, features, silent)
        of_average, at_average = integrated_gradients(self._average, self.gate_hidden_dim, features, silent)
        trust, own = self.trust_in_average, self._personal.of(person).astype(np.float64)
        return Attributions(
            at_now + trust * (at_average - at_now),
            of_now + trust * (of_average - of_now),
            self._bias.of(items).astype(np.float64),
            float(silent @ own),
            (features - silent) * own,
        )

    @property
    def trust_in_average(self) -> float:
        """What share the moving average has in the scores, 0 to 1."""
        advantage = _TRUST * float(self._losses[0] - self._losses[1])
        return float(1.0 / (1.0 + np.exp(-advantage)))

    def step(
        self,
        lessons: list[Lesson],
        rng: np.random.Generator,
        ledger: Ledger | None = None,
        rate_factor: float = 1.0,
    ) -> float | None:
        """Learn from the places at which the items were that were taken, and again from lists of the past.

        Args:
            lessons: the lists.
            rng: draws what is learned again, and what is kept for that.
            ledger: can then take the step back.
            rate_factor: how many times longer the step is than `gate_learning_rate` says.

        Returns:
            The mean loss of `lessons`, without the biases and what is personal; None if there is none.
        """
        if not lessons:
            return None
        if ledger is not None:
            for name in ("_parameters", "_average", "_moments", "_losses", "_n_steps", "_met_newcomers"):
                ledger.keep_all(self, name)
        gradient, total, width = np.zeros_like(self._parameters), 0.0, self.gate_hidden_dim
        again = self._past.sample(self.gate_replay_ratio * len(lessons), rng)
        share = 1.0 / (len(lessons) + len(again.facts))
        _add_gradients(gradient, self._parameters, width, *again, share)
        for candidates, (scores, average_scores), place, weight, person in lessons:
            features = self._with_newcomers(candidates.features)
            of_now = _add_gradient(gradient, self._parameters, width, features, place, 0.0, weight * share)
            of_average = _loss(average_scores, place)
            self._losses *= _FADING
            self._losses += np.minimum((of_now, of_average), _WORST)
            total += weight * of_now / len(lessons)
            if rate := self.item_bias_learning_rate:
                self._bias.learn(candidates.items, scores, place, weight, rate, ledger)
            if rate := self.personal_learning_rate:
                self._personal.learn(person, candidates.features, scores, place, weight, rate, ledger)
            if self.gate_replay_ratio:
                self._past.add(features, place, weight, rng, ledger)
        self._n_steps += 1
        rate = rate_factor * self.gate_learning_rate * max(0.3, 1.0 / (1.0 + self._n_steps / 20_000))
        _adam(self._parameters, self._moments, gradient, rate, self._n_steps)
        self._average += (self._parameters - self._average) * np.float32(
            max(1.0 - _AVERAGING, 1.0 / (1.0 + self._n_steps))
        )
        return total

    @property
    def n_bytes(self) -> int:
        """What the parameters, the biases and what is personal take in memory."""
        return 2 * self._parameters.nbytes + self._bias.n_bytes + self._personal.n_bytes

    @property
    def members(self) -> dict[str, Gate | ItemBias | PersonalWeights]:
        """Who keeps something to score with, by name."""
        return {"gate": self, "bias": self._bias, "personal": self._personal}

    def weights_of(self, person: int) -> NDArray[np.float32] | None:
        """What was learned of the choices of one person, a number for each of `FEATURES`, or None."""
        own = self._personal.of(person)
        return own if own.any() else None

    def copy(self) -> Gate:
        """An independent copy."""
        twin = Gate(**self.settings())
        twin.build(0)
        state = self.get_state()
        twin.set_state(state, len(state["bias"]["values"]), len(state["personal"]["slopes"]))
        return twin

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number."""
        return {
            "parameters": self._parameters.copy(),
            "average": self._average.copy(),
            "losses": self._losses.copy(),
            "moments": self._moments.copy(),
            "n_steps": self._n_steps,
            "met_newcomers": int(self._met_newcomers),
            "past": self._past.get_state(),
            "bias": self._bias.get_state(),
            "personal": self._personal.get_state(),
        }

    def set_state(self, state: dict[str, Any], n_items: int, n_people: int) -> None:
        """Take a state back whose items and people are below these numbers.

        Raises:
            FormatError: the arrays are of another shape, or not finite.
        """
        n = len(self._parameters)
        check_arrays(
            "gate",
            state,
            parameters=((n,), np.float32, None),
            average=((n,), np.float32, None),
            losses=((2,), np.float64, None),
            moments=((2, n), np.float32, None),
        )
        if state["moments"][1].min() < 0 or state["losses"].min() < 0:
            raise FormatError("gate: a second moment or a loss is negative")
        self._parameters, self._average = state["parameters"].copy(), state["average"].copy()
        self._moments, self._losses = state["moments"].copy(), state["losses"].copy()
        self._n_steps = count_of(state["n_steps"], "n_steps")
        self._met_newcomers = bool(count_of(state.get("met_newcomers", 1), "met_newcomers"))
        self._past.set_state(state["past"])
        self._bias.set_state(state["bias"], n_items)
        self._personal.set_state(state["personal"], n_people)

    def _with_newcomers(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The features of a list, and of two items that nobody has had until such ones come by themselves."""
        self._met_newcomers = self._met_newcomers or not features[:, COUNT].all()
        if self._met_newcomers:
            return features
        return np.concatenate([features, newcomers_beside(features)])

    @traitlets.validate("gate_hidden_dim")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_parameters"), "gate")


@compiled
def _forward(
    parameters: NDArray[np.float32], hidden_dim: int, features: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The hidden activations, (n, hidden_dim), and the scores, (n,)."""
    n, width = features.shape
    weights = parameters[: width * hidden_dim].reshape(width, hidden_dim)
    bias, output, linear = _vectors_of(parameters, width, hidden_dim)
    active = np.empty((n, hidden_dim), dtype=np.float32)
    scores = np.empty(n, dtype=np.float32)
    for row in range(n):
        active[row] = bias
    whole, even, nothing = n // 4 * 4, width // 2 * 2, np.float32(0.0)
    # Four rows by two columns at a time: to load and to store takes longer than to add, and of four sums that
    # have to be added in order one does not wait for the other.
    for row in range(0, whole, 4):
        told = features[row : row + 4]
        one, two, three, four = active[row], active[row + 1], active[row + 2], active[row + 3]
        p, q, r, s = nothing, nothing, nothing, nothing
        for column in range(0, even, 2):
            left, right = weights[column], weights[column + 1]
            a, b, c, d = told[0, column], told[1, column], told[2, column], told[3, column]
            e, f, g, h = told[0, column + 1], told[1, column + 1], told[2, column + 1], told[3, column + 1]
            for unit in range(hidden_dim):
                one[unit] += a * left[unit] + e * right[unit]
                two[unit] += b * left[unit] + f * right[unit]
                three[unit] += c * left[unit] + g * right[unit]
                four[unit] += d * left[unit] + h * right[unit]
            x, y = linear[column], linear[column + 1]
            p, q, r, s = p + a * x + e * y, q + b * x + f * y, r + c * x + g * y, s + d * x + h * y
        for column in range(even, width):
            last, x = weights[column], linear[column]
            a, b, c, d = told[0, column], told[1, column], told[2, column], told[3, column]
            for unit in range(hidden_dim):
                one[unit] += a * last[unit]
                two[unit] += b * last[unit]
                three[unit] += c * last[unit]
                four[unit] += d * last[unit]
            p, q, r, s = p + a * x, q + b * x, r + c * x, s + d * x
        for unit in range(hidden_dim):
            one[unit], two[unit] = max(one[unit], nothing), max(two[unit], nothing)
            three[unit], four[unit] = max(three[unit], nothing), max(four[unit], nothing)
        for unit in range(hidden_dim):
            x = output[unit]
            p, q, r, s = p + one[unit] * x, q + two[unit] * x, r + three[unit] * x, s + four[unit] * x
        scores[row], scores[row + 1], scores[row + 2], scores[row + 3] = p, q, r, s
    for row in range(whole, n):
        told, own, score = features[row], active[row], nothing
        for column in range(0, even, 2):  # as above, so that the place does not matter
            left, right = weights[column], weights[column + 1]
            for unit in range(hidden_dim):
                own[unit] += told[column] * left[unit] + told[column + 1] * right[unit]
        for column in range(even, width):
            for unit in range(hidden_dim):
                own[unit] += told[column] * weights[column, unit]
        for column in range(width):
            score += told[column] * linear[column]
        for unit in range(hidden_dim):
            own[unit] = max(own[unit], nothing)
            score += own[unit] * output[unit]
        scores[row] = score
    return active, scores


@compiled
def _mixture(
    parameters: NDArray[np.float32],
    average: NDArray[np.float32],
    hidden_dim: int,
    features: NDArray[np.float32],
    trust: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The scores by the mixture of both, (n,), and those by the average."""
    _, mixed = _forward(parameters, hidden_dim, features)
    _, of_average = _forward(average, hidden_dim, features)
    for row in range(len(mixed)):
        mixed[row] += np.float32(trust) * (of_average[row] - mixed[row])
    return mixed, of_average


@compiled
def _add_gradient(
    into: NDArray[np.float32],
    parameters: NDArray[np.float32],
    hidden_dim: int,
    features: NDArray[np.float32],
    right: int,
    correction: float,
    weight: float,
) -> float:
    """Add the gradient of `weight` times the cross-entropy of a list of which one is right; the latter.

    `correction` is added to the scores of the others.
    """
    n, width = features.shape
    active, scores = _forward(parameters, hidden_dim, features)
    for row in range(n):
        if row != right:
            scores[row] += np.float32(correction)
    _, output, _ = _vectors_of(parameters, width, hidden_dim)
    of_weights = into[: width * hidden_dim].reshape(width, hidden_dim)
    of_bias, of_output, of_linear = _vectors_of(into, width, hidden_dim)
    top, total = scores.max(), 0.0
    for row in range(n):
        total += np.exp(np.float64(scores[row] - top))
    back = np.empty((n, hidden_dim), dtype=np.float32)
    for row in range(n):
        slope = np.float32(weight * (np.exp(np.float64(scores[row] - top)) / total - (row == right)))
        own, of_own, told = active[row], back[row], features[row]
        for unit in range(hidden_dim):
            of_output[unit] += slope * own[unit]
            of_own[unit] = slope * output[unit] if own[unit] > 0.0 else np.float32(0.0)
        for unit in range(hidden_dim):
            of_bias[unit] += of_own[unit]
        for column in range(width):
            of_linear[column] += slope * told[column]
    whole = n // 4 * 4
    for row in range(0, whole, 4):
        of_one, of_two, of_three, of_four = back[row], back[row + 1], back[row + 2], back[row + 3]
        for column in range(width):
            sums = of_weights[column]
            one, two = features[row, column], features[row + 1, column]
            three, four = features[row + 2, column], features[row + 3, column]
            for unit in range(hidden_dim):
                sums[unit] += (
                    one * of_one[unit] + two * of_two[unit] + three * of_three[unit] + four * of_four[unit]
                )
    for row in range(whole, n):
        for column in range(width):
            for unit in range(hidden_dim):
                of_weights[column, unit] += features[row, column] * back[row, unit]
    return float(np.log(total) - np.float64(scores[right] - top))


@compiled
def _add_gradients(
    into: NDArray[np.float32],
    parameters: NDArray[np.float32],
    hidden_dim: int,
    features: NDArray[np.float32],
    facts: NDArray[np.float32],
    share: float,
) -> None:
    """Add the gradients of lists of the past; see `SampledLists`."""
    for number in range(len(facts)):
        size, correction, weight = np.int64(facts[number, 0]), facts[number, 1], facts[number, 2]
        _add_gradient(into, parameters, hidden_dim, features[number, :size], 0, correction, weight * share)


@compiled
def _loss(scores: NDArray[np.float32], right: int) -> float:
    """The cross-entropy of a list of which one is right."""
    top, total = scores.max(), 0.0
    for score in scores:
        total += np.exp(np.float64(score - top))
    return float(np.log(total) - np.float64(scores[right] - top))


@compiled
def _vectors_of(
    parameters: NDArray[np.float32], width: int, hidden_dim: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The hidden biases, the output weights and the linear ones, which lie behind the hidden weights."""
    start = width * hidden_dim
    return (
        parameters[start : start + hidden_dim],
        parameters[start + hidden_dim : start + 2 * hidden_dim],
        parameters[start + 2 * hidden_dim :],
    )


@compiled
def _adam(
    parameters: NDArray[np.float32],
    moments: NDArray[np.float32],
    gradient: NDArray[np.float32],
    rate: float,
    n_steps: int,
) -> None:
    first, second = moments
    scale = np.float32(rate / (1.0 - _BETA_1**n_steps))
    unbias = np.float32(1.0 / (1.0 - _BETA_2**n_steps))
    kept1, kept2 = np.float32(_BETA_1), np.float32(_BETA_2)
    new1, new2, least = np.float32(1.0 - _BETA_1), np.float32(1.0 - _BETA_2), np.float32(1e-8)
    for place in range(len(parameters)):
        slope = gradient[place]
        mean = kept1 * first[place] + new1 * slope
        square = kept2 * second[place] + new2 * slope * slope
        first[place], second[place] = mean, square
        parameters[place] -= scale * mean / (np.sqrt(square * unbias) + least)
