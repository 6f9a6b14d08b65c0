"""Offline training: epochs over a log, with early stopping on its last part."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch

from lifelong_widgets.learning.log_examples import LogExamples
from lifelong_widgets.learning.updater import OnlineUpdater
from lifelong_widgets.models import Network
from lifelong_widgets.parts import FiniteFloat, Part, WholeNumber
from lifelong_widgets.progress import Progress, ProgressCallback, Stop, report_or_give_up, track

_BEGUN = 0.05  # of the first training loss


@dataclass(frozen=True, repr=False)
class FitReport:
    """What a fit did.

    Attributes:
        losses: the mean training loss of each epoch.
        validation_ndcg: nDCG@10 on the last part of the log after each epoch; empty if that part is empty.
        best_epoch: the epoch (from 1) whose parameters were kept; 0 if none was finished.
        seconds: wall-clock time.
        interrupted: True if it was stopped before it was done (Ctrl-C, or a progress callback).
    """

    losses: tuple[float, ...]
    validation_ndcg: tuple[float, ...]
    best_epoch: int
    seconds: float
    interrupted: bool

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(self.losses)

    def __str__(self) -> str:
        best = ""
        if self.validation_ndcg:
            best = f", best after epoch {self.best_epoch}, nDCG@10 {max(self.validation_ndcg):.4f}"
        stopped = ", interrupted" if self.interrupted else ""
        epochs = "epoch" if self.epochs == 1 else "epochs"
        return f"{self.epochs} {epochs} in {self.seconds:.1f} s{best}{stopped}"

    def __repr__(self) -> str:
        return f"FitReport({self})"


class Trainer(Part):
    """Fits a network to a log: shuffled mini-batches, early stopping on the last part in time order.

    The parameters of the best epoch are kept; the part that was held out is then learned in time order in
    one pass, so that the most recent events are not lost.

    Where the optimizer is not adaptive, patience begins when the training loss has fallen by a twentieth:
    before, the ranking is that of first values, and its ups and downs are chance. Where an epoch is one step,
    patience counts as many steps as the epochs of the other optimizers have.
    """

    epochs = WholeNumber(20, min=1, max=10_000, help="The most epochs that a fit takes.").tag(config=True)
    patience = WholeNumber(
        3, min=1, max=1000, help="Stop after this many epochs without a better validation nDCG."
    ).tag(config=True)
    batch_size = WholeNumber(
        256, min=1, max=65_536, help="Events a step while fitting, at most; a short log is cut finer."
    ).tag(config=True)
    fit_learning_rate = FiniteFloat(0.002, min=1e-6, max=0.1, help="The learning rate while fitting.").tag(
        config=True, scale="log"
    )
    validation_fraction = FiniteFloat(
        0.2, min=0.0, max=0.5, help="Which part of the log, its last, early stopping looks at."
    ).tag(config=True)

    def fit(
        self,
        network: Network,
        updater: OnlineUpdater,
        log: LogExamples,
        rng: np.random.Generator,
        interrupt: threading.Event,
        progress: bool | ProgressCallback = True,
        max_epochs: int | None = None,
        before_held_out: Callable[[np.ndarray], None] = lambda examples: None,
    ) -> FitReport:
        """Train `network` through `updater` on the examples of `log`, in place, until told to stop.

        What an epoch that was broken off has done is undone. So a fit that was stopped after `n` whole
        epochs is, bit for bit, one with ``max_epochs=n``. `before_held_out` is called with the places of
        examples that were held out before they are learned: the network has not seen them.

        Raises:
            KeyboardInterrupt: it was interrupted after its epochs, while the rest is learned, which is a part
                of every fit (one whose epochs were interrupted hears no `Stop` then, having heard it before).
        """
        start = time.perf_counter()
        n_train = self.n_train(len(log))
        held_out = np.arange(n_train, len(log))
        losses: list[float] = []
        quality: list[float] = []
        best, best_epoch, interrupted = (network.get_state(), updater.get_state()), 0, False
        rng_state = rng.bit_generator.state
        epochs = self.epochs if max_epochs is None else min(self.epochs, max_epochs)
        # an epoch has at least 32 steps where the log allows it: else a short one ends before it has begun
        batch_size = min(self.batch_size, max(8, n_train // 32))
        n_batches = math.ceil(n_train / batch_size)
        patience = self.patience * (n_batches if updater.takes_whole_log else 1)
        began = 0  # the last epoch of which nothing can be expected
        try:
            with track(n_batches * epochs, "fit", progress, unit="batch") as report:
                for epoch in range(1, epochs + 1):
                    losses.append(self._epoch(updater, log, n_train, batch_size, rng, interrupt, report))
                    rng_state = rng.bit_generator.state
                    network.refresh()
                    if updater.begins_slowly and losses[-1] > (1.0 - _BEGUN) * losses[0]:
                        began = epoch
                    if len(held_out):
                        quality.append(self.validation_ndcg_of(network, log, held_out))
                    if not quality or quality[-1] >= max(quality):
                        best, best_epoch = (network.get_state(), updater.get_state()), epoch
                    elif epoch - max(best_epoch, began) >= patience:
                        break
        except Stop:
            interrupted = True
        rng.bit_generator.state = rng_state
        network.set_state(best[0])
        updater.set_state(best[1])
        with track(len(held_out), "study", progress) as report:
            for begin in range(n_train, len(log), 64):
                last = np.arange(begin, min(begin + 64, len(log)))
                before_held_out(last)
                updater.step(log[last], rng, learning_rate=self.fit_learning_rate / 4)
                if interrupted:
                    with suppress(Stop):
                        report.update(len(last))
                else:
                    report_or_give_up(report, len(last), interrupt)
        seconds = time.perf_counter() - start
        return FitReport(tuple(losses), tuple(quality), best_epoch, seconds, interrupted)

    def n_train(self, n: int) -> int:
        """How many of `n` examples the epochs learn; the others are held out."""
        return n - int(n * self.validation_fraction) or n

    def _epoch(
        self,
        updater: OnlineUpdater,
        log: LogExamples,
        n_train: int,
        batch_size: int,
        rng: np.random.Generator,
        interrupt: threading.Event,
        report: Progress,
    ) -> float:
        order = rng.permutation(n_train)
        total, whole = 0.0, None
        for begin in range(0, n_train, batch_size):
            batch = order[begin : begin + batch_size]
            if updater.takes_whole_log:
                losses, whole = updater.gather(log[batch], rng, whole, len(batch) / n_train)
            else:
                losses = updater.step(log[batch], rng, learning_rate=self.fit_learning_rate)
            loss = float(losses.mean())
            total += loss * len(batch)
            report.update(1, loss=loss)
            if interrupt.is_set():
                raise Stop
        if whole is not None:
            updater.step_by(whole, self.fit_learning_rate)
        return total / n_train

    def validation_ndcg_of(self, network: Network, log: LogExamples, events: np.ndarray) -> float:
        """nDCG@10 of the next item on events that were held out; recent items of the person are excluded."""
        total, n_positive = 0.0, 0
        for begin in range(0, len(events), 256):
            batch = log[events[begin : begin + 256]]
            scores = network.score_all(*batch.read)
            known = torch.from_numpy(np.where(batch.history_rewards != 0, batch.history_items, -1))
            row, place = torch.nonzero(known >= 0, as_tuple=True)
            targets = torch.from_numpy(batch.targets).unsqueeze(1)
            target_scores = scores.gather(1, targets)
            scores[row, known[row, place]] = -torch.inf
            rank = 1 + (scores > target_scores).sum(1)
            gain = torch.where(rank <= 10, 1 / torch.log2(rank + 1.0), 0.0)
            positive = torch.from_numpy(batch.rewards) > 0
            total += float(gain[positive].sum())
            n_positive += int(positive.sum())
        return total / max(n_positive, 1)
