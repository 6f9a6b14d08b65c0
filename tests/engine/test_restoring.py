"""Opened again, a recommender is bit for bit what its log implies; nothing is ever half learned."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.errors import (
    DataError,
    JournalLockedError,
    JournalWarning,
    LifelongWidgetsError,
    UnknownItemError,
)
from lifelong_widgets.journal import Journal
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, live, opened
from tests.engine.worlds import SMALL, assert_same_state


def test_a_journal_changes_no_bit_and_gives_them_all_back(shop: Path, log: Interactions) -> None:
    plain, rec = fresh(), opened(shop)
    live(plain, log, undone=3)
    live(rec, log, undone=3)
    assert_same_state(rec, plain)
    assert rec.digest() == plain.digest()
    rec.close()
    with Recommender.open(shop) as again:
        assert_same_state(again, plain)
        assert again.kinds == plain.kinds and list(again.catalog.ids) == list(plain.catalog.ids)
        again.learn_one(user="p3", item="i5")
        plain.learn_one(user="p3", item="i5")
        assert again.digest() == plain.digest()


def test_what_was_never_closed_is_all_there(shop: Path, log: Interactions) -> None:
    """The process dies in the midst of it: no `close`, no last checkpoint."""
    program = (
        "import os, sys; from pathlib import Path; from tests.engine import lives as t;"
        "rec = t.opened(Path(sys.argv[1])); t.live(rec, t.checkerboard()[1], undone=2);"
        "print(rec.digest(), flush=True); os._exit(9)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(shop)], capture_output=True, text=True, cwd=root, timeout=120
    )
    assert done.returncode == 9, done.stderr
    with Recommender.open(shop) as rec:
        assert rec.digest() == done.stdout.strip()
        assert rec.audit(**QUIET).equal


def test_an_item_that_nothing_has_asked_for_yet_is_written_by_close(shop: Path) -> None:
    with opened(shop) as rec:
        rec.catalog.add({"item": "late"})
    with Recommender.open(shop) as again:
        assert "late" in again.catalog


def test_a_damaged_checkpoint_is_said_and_the_one_before_is_used(
    shop: Path, lived: tuple[Recommender, list[int]]
) -> None:
    rec, _ = lived
    rec.close()
    before = rec.digest()
    newest = max((shop / "checkpoints").iterdir())
    whole = bytearray(newest.read_bytes())
    whole[len(whole) // 2] ^= 1
    newest.write_bytes(whole)
    with pytest.warns(JournalWarning, match="cannot be used, so the one before it is"):
        again = Recommender.open(shop)
    assert again.digest() == before
    again.close()


def test_without_any_checkpoint_the_log_is_enough(shop: Path, lived: tuple[Recommender, list[int]]) -> None:
    rec, _ = lived
    rec.close()
    for file in (shop / "checkpoints").iterdir():
        file.unlink()
    with Recommender.open(shop) as again:
        assert again.digest() == rec.digest()


def test_the_newest_checkpoints_are_kept_and_that_of_the_fit(
    shop: Path, lived: tuple[Recommender, list[int]]
) -> None:
    rec, ids = lived
    rec.checkpoint()
    there = sorted(int(file.stem) for file in (shop / "checkpoints").iterdir())
    assert len(there) <= 4 and there[0] < ids[0] and rec.journal is not None
    assert there[-1] == rec.journal.last_id


def test_a_checkpoint_that_cannot_be_written_costs_no_event(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop, checkpoint_every=5)

    def full_disk(*_: object) -> None:
        raise LifelongWidgetsError("the disk is full")

    monkeypatch.setattr("lifelong_widgets.restoring.write_tree", full_disk)
    with pytest.warns(JournalWarning, match="No event is lost"):
        for event in log[:30]:
            rec.learn_one(event)
    monkeypatch.undo()
    digest = rec.digest()
    rec.close()
    with Recommender.open(shop) as again:
        assert again.digest() == digest


def test_what_follows_the_commit_cannot_fail_the_event(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, plain = opened(shop, checkpoint_every=2), fresh()

    def no_memory(*_: object) -> None:
        raise MemoryError("no room for a copy")

    monkeypatch.setattr("lifelong_widgets.recording.checkpoint_of", no_memory)
    with pytest.warns(JournalWarning, match="no room for a copy"):
        for event in log[:8]:
            rec.learn_one(event)
            plain.learn_one(event)
    with pytest.warns(JournalWarning):
        rec.fit(log[:60], **QUIET)
    plain.fit(log[:60], **QUIET)
    with pytest.raises(LifelongWidgetsError, match="no room for a copy"):
        rec.checkpoint()
    assert rec.digest() == plain.digest()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for event in log[60:66]:  # a warning that is an error comes before the event, which is not learned
            with contextlib.suppress(JournalWarning):
                rec.learn_one(event)
                plain.learn_one(event)
    monkeypatch.undo()
    assert rec.digest() == plain.digest() and rec.audit(**QUIET).equal
    rec.close()


def test_a_full_disk_is_an_error_of_ours(shop: Path, log: Interactions, tmp_path: Path) -> None:
    """The system refuses to write more than a kilobyte, in a process that may be limited so."""
    program = (
        "import resource, signal, sys; from tests.engine import lives as t;"
        "from lifelong_widgets.errors import LifelongWidgetsError;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "rec = t.fresh(); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: rec.save(sys.argv[1])\n"
        "except LifelongWidgetsError as error: print('ours:', error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.lw")],
        capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=120,
    )  # fmt: skip
    assert "ours: " in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    program = (
        "import numpy as np; from lifelong_widgets.data import Catalog;"
        "from lifelong_widgets.recommender import Recommender;"
        "rng = np.random.default_rng(0); words = [f'word{n}' for n in range(2000)];"
        "records = [{'item': n, 'text': ' '.join(rng.choice(words, 12))} for n in range(1200)];"
        "print(Recommender(Catalog.from_records(records)).digest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


def test_a_checkpoint_of_a_copy_that_went_on_by_itself_is_not_taken(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    rec.learn_one(log[0])
    rec.close()
    copy = Path(shutil.copytree(shop, shop.with_name("copy.lw")))
    with Recommender.open(copy) as other:
        other.learn_one(log[2])
    with Recommender.open(shop) as rec:
        rec.learn_one(log[1])
        newest = rec.digest()
    shutil.copy(copy / "checkpoints" / f"{2:012d}.lw", shop / "checkpoints" / f"{2:012d}.lw")
    with pytest.warns(JournalWarning, match="went on by itself"), Recommender.open(shop) as again:
        assert again.digest() == newest


def test_a_folder_that_was_made_anew_is_left_alone_by_who_had_the_old_one(
    shop: Path, log: Interactions
) -> None:
    old = opened(shop)
    old.learn_one(log[0])
    shutil.rmtree(shop)
    with pytest.raises(LifelongWidgetsError, match="removed or replaced"):
        old.learn_one(log[1])
    with pytest.warns(JournalWarning, match="removed or replaced"):
        new = opened(shop)
    new.learn_one(log[2])
    old.close()
    assert new.audit(**QUIET).equal
    with pytest.raises(JournalLockedError, match="this process"):
        Journal.open(shop)
    new.close()


def test_a_log_that_lost_its_end_outweighs_a_checkpoint_ahead_of_it(shop: Path, log: Interactions) -> None:
    """Power failure with synchronous=NORMAL: a checkpoint must not bring back what the log has not."""
    rec, ahead = opened(shop), shop / "checkpoints" / f"{10**6:012d}.lw"
    for event in log[:20]:
        rec.learn_one(event)
    rec.close()
    ahead.write_bytes(max((shop / "checkpoints").iterdir()).read_bytes())
    with Recommender.open(shop) as again:
        assert again.digest() == rec.digest() and not ahead.exists()


def test_a_fit_that_was_stopped_is_repeated_as_it_was(shop: Path, log: Interactions) -> None:
    rec = opened(shop, epochs=30)
    n = 0

    def stop(event: ProgressEvent) -> None:
        nonlocal n
        n += event.description == "fit"
        if n == 100:
            raise Stop

    report = rec.fit(log, progress=stop)
    assert report.interrupted and report.epochs >= 1
    rec.learn_one(log[0])
    n = 99
    assert rec.fit(log, progress=stop).epochs == 0  # stopped at once
    rec.learn_one(log[1])
    assert rec.audit(**QUIET).equal
    rec.close()


def test_an_event_that_cannot_be_learned_is_not_written(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    rec.learn_one(log[0])
    before = rec.digest()
    assert rec.journal is not None
    for wrong, error in (
        ({"item": "nowhere"}, UnknownItemError),
        ({"item": "i1", "kind": "hug"}, DataError),
        ({"item": "i1", "value": float("nan")}, DataError),
    ):
        with pytest.raises(error):
            rec.learn_one(user="p1", **wrong)  # type: ignore[arg-type]
    rec.updater.learning_rate = 0.1
    rec.network.projection.data.fill_(np.inf)
    with pytest.raises(LifelongWidgetsError, match="loss"):
        rec.learn_one(user="p1", item="i1")
    assert rec.journal.last_id == 1
    rec.close()
    with pytest.warns(JournalWarning), Recommender.open(shop) as again:  # the checkpoint knows infinity
        assert again.n_events == 1
        again.updater.learning_rate = SMALL.get("learning_rate", 0.0002)
        assert again.digest() == before


def test_an_event_that_cannot_be_written_is_not_learned(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit itself fails, after the step: the step is taken back, bit for bit."""
    rec = opened(shop)
    live(rec, log)
    before = rec.digest()
    assert rec.journal is not None
    original = Journal.transaction

    class Full:
        def __init__(self, journal: Journal) -> None:
            self.inner = original(journal)

        def __enter__(self) -> None:
            self.inner.__enter__()

        def __exit__(self, *_: object) -> None:
            error = LifelongWidgetsError("the disk is full")
            self.inner.__exit__(LifelongWidgetsError, error, None)
            raise error

    monkeypatch.setattr(Journal, "transaction", lambda journal: Full(journal))
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.learn_one(user="new person", item="i1", shown=("i1", "i2"))
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.learn_many(log[:50], **QUIET)
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.fit(log, **QUIET)
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.undo()
    assert rec.digest() == before
    monkeypatch.undo()
    rec.learn_one(user="new person", item="i1", shown=("i1", "i2"))
    assert rec.audit(**QUIET).equal
    rec.close()


def test_an_event_that_comes_twice_is_learned_once(shop: Path) -> None:
    rec = opened(shop)
    click = Feedback("ada", "i1", "like", id="click-1")
    assert not rec.learn_one(click).repeated
    before = rec.digest()
    again = rec.learn_one(click)
    assert again.repeated and again.n_events == 1 and np.isnan(again.loss) and rec.digest() == before
    rec.close()
    with Recommender.open(shop) as later:
        assert later.learn_one(user="ada", item="i1", kind="like", id="click-1").repeated
