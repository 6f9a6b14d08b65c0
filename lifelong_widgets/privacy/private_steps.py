"""Learning with differential privacy: the fit, and the steps after it."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import PrivacyWarning, warn
from lifelong_widgets.learning import (
    Examples,
    FitReport,
    LogExamples,
    OnlineUpdater,
    ReplayBuffer,
    StepMark,
)
from lifelong_widgets.models import Network
from lifelong_widgets.privacy.private_learning import PrivacyMark, PrivateLearning
from lifelong_widgets.privacy.refusals import steps_an_epoch
from lifelong_widgets.progress import ProgressCallback, Stop, track

_MOST_OF_A_PERSON = 256  # examples of one person in a step of a fit, so that it costs no more


def private_fit(
    privacy: PrivateLearning,
    network: Network,
    updater: OnlineUpdater,
    log: LogExamples,
    people: NDArray[np.int64],
    rng: np.random.Generator,
    epochs: int,
    learning_rate: float,
    interrupt: threading.Event,
    progress: bool | ProgressCallback = True,
) -> FitReport:
    """Train on all examples of `log`, of which each group takes part in a step with the sampling rate.

    Who takes part is drawn by itself, and as secretly as the noise: both make the guarantee. Nothing is held
    out and no epoch is chosen, which would look at the log without noise. Broken off, what the last epoch has
    done is undone.

    Args:
        privacy: keeps the account.
        network: is trained in place.
        updater: through which.
        log: the examples.
        people: (n,), whose each is.
        rng: draws what is no secret, the negatives.
        epochs: how often each group takes part on average.
        learning_rate: of all steps.
        interrupt: asks to break off.
        progress: a bar, silence or a callback.

    Raises:
        PrivacyError: the budget does not allow that many steps; nothing was learned.
        DivergenceError: the loss was not finite.
    """
    start, mechanism = time.perf_counter(), privacy.mechanism
    assert mechanism is not None
    everything = log[np.arange(len(log))]
    mechanism.absorb(people, everything.targets, everything.rewards)  # another log has other coins
    n_steps = steps_an_epoch(privacy.sampling_rate)
    privacy.refuse_fit(n_steps * epochs)
    groups = np.unique(people, return_inverse=True)[1] if privacy.of_people else np.arange(len(log))
    order = np.argsort(groups, kind="stable")
    n_groups = int(groups.max()) + 1
    bounds = np.searchsorted(groups[order], np.arange(n_groups + 1))
    expected = max(1.0, privacy.sampling_rate * n_groups)
    losses: list[float] = []

    def kept() -> tuple[object, ...]:
        return network.get_state(), updater.get_state(), rng.bit_generator.state, mechanism.chain

    best, interrupted = kept(), False
    try:
        with track(n_steps * epochs, "fit", progress, unit="batch") as report:
            for _ in range(epochs):
                found: list[NDArray[np.floating]] = []
                for _ in range(n_steps):
                    secret = mechanism.secret_rng(b"sample")
                    chosen = np.flatnonzero(secret.random(n_groups) < privacy.sampling_rate)
                    events = [_some(order[bounds[n] : bounds[n + 1]], secret) for n in chosen.tolist()]
                    batch = np.concatenate([np.zeros(0, dtype=np.int64), *events])
                    found.append(
                        updater.step(log[batch], rng, learning_rate, groups=groups[batch], expected=expected)
                    )
                    report.update(1)
                    if interrupt.is_set():
                        raise Stop
                losses.append(float(np.concatenate(found).mean()) if any(map(len, found)) else float("nan"))
                best = kept()
    except Stop:
        interrupted = True
        of_network, of_updater, rng.bit_generator.state, mechanism.chain = best  # type: ignore[assignment]
        network.set_state(of_network)  # type: ignore[arg-type]
        updater.set_state(of_updater)  # type: ignore[arg-type]
    privacy.note_fit(n_steps * len(losses))
    return FitReport(tuple(losses), (), len(losses), time.perf_counter() - start, interrupted)


def private_step(
    privacy: PrivateLearning,
    updater: OnlineUpdater,
    buffer: ReplayBuffer,
    new: Examples,
    people: NDArray[np.int64],
    rng: np.random.Generator,
    mark: StepMark,
    of_privacy: PrivacyMark | None,
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.bool_]]:
    """One step on new examples and replayed ones, of those whose budget allows it.

    Args:
        privacy: keeps the account.
        updater: takes the step.
        buffer: what is replayed.
        new: n examples.
        people: (n,), whose each is.
        rng: draws what is no secret: the negatives, and what is replayed.
        mark: can take the step back.
        of_privacy: can take the account back.

    Returns:
        The losses of what was learned, the slots that were replayed, and which of `new` were learned, (n,).

    Raises:
        PrivacyError: a hyperparameter was changed to what voids the guarantee.
        DivergenceError: the loss was not finite.
    """
    privacy.refuse_unless_private()
    learned = privacy.may_learn_new(people)
    if not learned.all():
        warn(
            "an event was remembered and not learned: more would exceed "
            f"max_epsilon={privacy.max_epsilon:g}. A recommender that is made with a larger max_epsilon or "
            "noise_multiplier learns more, and a smaller replay_ratio leaves more for what is new",
            PrivacyWarning,
        )
    if not learned.any():  # what is replayed would cost, and nothing new would come of it
        return np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.int64), learned
    slots = np.unique(buffer.sample_slots(updater.replay_ratio * len(new), rng))  # each once: one group
    owners = buffer.owners[slots]
    slots = slots[privacy.may_learn(owners if privacy.of_people else slots) & (owners >= 0)]
    examples = Examples.concatenate([new[learned], buffer.examples(slots)])
    if privacy.of_people:
        groups = np.concatenate([people[learned], buffer.owners[slots]])
        taking_part = np.unique(groups)
    else:
        groups, taking_part = np.arange(len(examples)), slots
    expected = float(len(np.unique(groups)))
    losses = updater.step(examples, rng, mark=mark, groups=groups, expected=expected)
    privacy.note_step(taking_part, int(learned.sum()), of_privacy)
    return losses, slots, learned


def _some(events: NDArray[np.int64], secret: np.random.Generator) -> NDArray[np.int64]:
    """These, or a sample of them if they are very many."""
    if len(events) <= _MOST_OF_A_PERSON:
        return events
    return secret.choice(events, _MOST_OF_A_PERSON, replace=False)
