"""Around the epochs of a fit the fast memory lives through the log: seen, and broken off cleanly."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.memory.candidates import FEATURES
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender

SMALL = {"embedding_dim": 8, "hidden_dim": 8, "history_length": 5, "epochs": 2}


@pytest.fixture
def catalog() -> Catalog:
    return Catalog.from_pandas(pd.DataFrame({"item": np.arange(40)}))


@pytest.fixture
def log() -> Interactions:
    rng = np.random.default_rng(0)
    columns = {"user": rng.integers(12, size=400), "item": rng.integers(40, size=400), "kind": "like"}
    return Interactions.from_pandas(pd.DataFrame(columns), time=None)


class BreakOff:
    """Ctrl-C, or `Stop`, in a phase, every time from then on that anything is reported."""

    def __init__(self, phase: str, stop: bool = False) -> None:
        self._phase, self._stop, self._n = phase, stop, 0

    def __call__(self, event: ProgressEvent) -> None:
        self._n += event.description == self._phase
        if self._n == 1 and not self._stop:
            signal.raise_signal(signal.SIGINT)
            self._n += 1
        if self._n >= 1 and self._stop:
            raise Stop


def test_every_phase_reports_all_of_its_work(catalog: Catalog, log: Interactions) -> None:
    seen: list[ProgressEvent] = []
    report = Recommender(catalog, **SMALL).fit(log, progress=seen.append)
    phases = list(dict.fromkeys(event.description for event in seen))
    assert phases == ["remember", "fit", "study"] and not report.interrupted
    last = {event.description: event for event in seen}
    assert last["remember"].done == last["remember"].total == 320
    assert last["study"].done == last["study"].total == 80


@pytest.mark.parametrize("stop", [False, True], ids=["ctrl-c", "stop"])
@pytest.mark.parametrize("phase", ["remember", "study"])
def test_what_is_broken_off_while_the_log_is_lived_through_has_changed_nothing(
    catalog: Catalog, log: Interactions, tmp_path: Path, phase: str, stop: bool
) -> None:
    with Recommender.open(tmp_path / "shop", catalog, **SMALL) as rec:
        assert rec.journal is not None
        rec.learn_many(log[:20], progress=False)
        before, last = rec.digest(), rec.journal.last_id
        with pytest.raises(KeyboardInterrupt):
            rec.fit(log, progress=BreakOff(phase, stop))
        assert rec.digest() == before and rec.journal.last_id == last
        rec.fit(log, progress=False)
        fitted = rec.digest()
    fresh = Recommender(catalog, **SMALL)
    fresh.learn_many(log[:20], progress=False)
    fresh.fit(log, progress=False)
    assert fresh.digest() == fitted
    with Recommender.open(tmp_path / "shop") as again:
        assert again.digest() == fitted


@pytest.mark.parametrize("stop", [False, True], ids=["ctrl-c", "stop"])
def test_a_fit_whose_epochs_were_stopped_still_lives_through_the_whole_log(
    catalog: Catalog, log: Interactions, tmp_path: Path, stop: bool
) -> None:
    """Also where the callback never ceases to say stop; and the journal repeats it."""
    with Recommender.open(tmp_path / "shop", catalog, **SMALL) as rec:
        report = rec.fit(log, progress=BreakOff("fit", stop))
        assert report.interrupted and report.epochs == 0 and rec.n_events == len(log)
        assert rec.memory.popularity.n_events == len(log) and rec.gate.n_steps > 0
        fitted = rec.digest()
        assert rec.audit(progress=False).equal
    with Recommender.open(tmp_path / "shop") as again:
        assert again.digest() == fitted


def test_the_gate_learns_from_most_of_a_fit_though_the_network_is_not_there_for_it_yet(
    catalog: Catalog, log: Interactions
) -> None:
    names = [place for place, name in enumerate(FEATURES) if name.startswith("network.")]

    def trust_in_network(rec: Recommender) -> np.ndarray:
        return np.asarray(rec.gate.get_state()["parameters"][-len(FEATURES) :][names])

    untrained = Recommender(catalog, **SMALL)
    never_held_out = Recommender(catalog, **SMALL, validation_fraction=0.0)
    never_held_out.fit(log, progress=False)
    assert len(log) / 3 < never_held_out.gate.n_steps < 0.75 * len(log)  # of some lists nothing was taken
    assert np.array_equal(trust_in_network(never_held_out), trust_in_network(untrained))
    held_out = Recommender(catalog, **SMALL)
    held_out.fit(log, progress=False)
    assert np.abs(trust_in_network(held_out) - trust_in_network(untrained)).max() > 0.01


def test_an_undo_after_a_fit_that_failed_is_exact_or_refused(
    catalog: Catalog, log: Interactions, tmp_path: Path
) -> None:
    with Recommender.open(tmp_path / "shop", catalog, **SMALL) as kept:
        loose = Recommender(catalog, **SMALL)
        for rec in (kept, loose):
            rec.learn_many(log[:20], progress=False)
            before = rec.digest()
            rec.learn_one(user=1, item=3, kind="like")
            with pytest.raises(KeyboardInterrupt):
                rec.fit(log, progress=BreakOff("study"))
        with pytest.raises(DataError):
            loose.undo()
        kept.undo()
        assert kept.digest() == before


def test_a_list_that_was_looked_at_changes_nothing_of_a_batch(log: Interactions) -> None:
    """With so many items the scores of one person and of many come from different products."""
    shelf = Catalog.from_pandas(pd.DataFrame({"item": np.arange(20_000)}))
    looked, blind = Recommender(shelf, **SMALL), Recommender(shelf, **SMALL)
    for begin in range(0, 96, 32):
        for user in range(12):
            looked.recommend(user)
        for rec in (looked, blind):
            rec.learn_many(log[begin : begin + 32], batch_size=32, progress=False)
    assert looked.digest() == blind.digest()
