"""Kill a learner at random instants, with ``kill -9``, and compare what is left with what its log implies.

``python -m tests.soak.kill --kills 200`` exits with 1 at any event that was acknowledged and is lost, at any
restored model that differs from the reference, and at any error.

Each round forks a process that opens the journal and does whatever comes: clicks, batches, undo, new items,
other settings, saving, forgetting, fitting. Another one opens it after the kill, as its next owner would, and
says the hash of its model. The reference is a plain recommender without a journal, which is led through the
entries of the log one by one; it shares neither checkpoints nor the cutting into steps with what it judges.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Interactions
from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.journal import Entry, Journal, Op
from lifelong_widgets.recommender import Recommender
from tests.soak.shop import rows

SIZES: dict[str, Any] = {
    "embedding_dim": 8,
    "hidden_dim": 16,
    "history_length": 6,
    "n_negatives": 20,
    "capacity": 100,
    "epochs": 1,
}
ITEMS, PEOPLE = 60, 12
_ROUNDS = 10  # with one journal, so that the reference has not too long a life to lead
_LONGEST = 0.4  # seconds from the opening to the kill

_SHARES = {
    "learn_one": 0.62,
    "observe": 0.06,
    "learn_many": 0.12,
    "undo": 0.06,
    "deep undo": 0.02,
    "settings": 0.03,
    "items": 0.03,
    "kinds": 0.01,
    "checkpoint": 0.02,
    "save": 0.01,
    "forget": 0.01,
    "fit": 0.01,
}


@dataclass
class Report:
    """What the campaign has found."""

    kills: int = 0
    hit: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.unequal or self.errors)

    def __str__(self) -> str:
        during = ", ".join(f"{name} {n}" for name, n in self.hit.most_common())
        return "\n".join(
            [
                f"{self.kills} kills, while it was at: {during}",
                f"{self.acknowledged:,} acknowledged events, {len(self.lost)} lost",
                f"{len(self.unequal)} unequal restores, {len(self.errors)} errors",
                *self.lost[:5],
                *self.unequal[:5],
                *self.errors[:5],
            ]
        )


def campaign(kills: int, seed: int, tell: Callable[[str], object] = print) -> Report:
    """Kill so often. Nothing of a journal is open in this process when it forks."""
    rng, report = np.random.default_rng(seed), Report()
    with tempfile.TemporaryDirectory() as place:
        for number in range(kills):
            folder = Path(place) / f"{number // _ROUNDS}.lw"
            said = _life(folder, rng, seed=int(rng.integers(2**31)), report=report)
            _judge(folder, said, report, f"kill {number} (seed {seed})")
            if (number + 1) % _ROUNDS == 0:
                shutil.rmtree(folder)
                tell(f"{number + 1} kills: {len(report.lost)} lost, {len(report.unequal)} unequal")
    return report


# ---- the victim ----------------------------------------------------------------------------------------


def _life(folder: Path, rng: np.random.Generator, seed: int, report: Report) -> list[list[str]]:
    """Fork a learner and kill it; what it had said until then, in words."""
    child, pipe = _fork(lambda say: _live(folder, seed, say))
    said: list[list[str]] = []
    early = rng.random() < 0.15  # while it opens what the last one left
    deadline = time.monotonic() + float(rng.uniform(0, 0.15 if early else _LONGEST))
    opened = early
    rest = b""
    while True:
        left = deadline - time.monotonic() if opened else 60.0
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            break
        if not (some := os.read(pipe, 65536)):
            break
        *lines, rest = (rest + some).split(b"\n")
        said += [line.decode().split("\t") for line in lines]
        if not opened and said:
            opened, deadline = True, time.monotonic() + (deadline - time.monotonic()) % _LONGEST
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    while some := os.read(pipe, 65536):
        rest += some
    os.close(pipe)
    said += [line.decode().split("\t") for line in rest.split(b"\n")[:-1]]
    report.kills += 1
    begun = [words[1] for words in said if words[0] == "begin"]
    done = sum(words[0] == "done" for words in said)
    report.hit[begun[done] if done < len(begun) else "between" if said else "opening"] += 1
    report.errors += ["\n".join(words[1:]) for words in said if words[0] == "error"]
    if os.WIFEXITED(status) and not any(words[0] == "error" for words in said):
        report.errors.append(f"the learner ended by itself: {os.WEXITSTATUS(status)}")
    return said


def _live(folder: Path, seed: int, say: Callable[..., None]) -> None:
    rng = np.random.default_rng(seed)
    rec = Recommender.open(
        folder, Catalog.from_pandas(rows(ITEMS)), checkpoint_every=20, progress=False, **SIZES
    )
    say("open")
    for number in itertools.count():
        name = str(rng.choice(list(_SHARES), p=list(_SHARES.values())))
        say("begin", name)
        tags = _act(rec, name, rng, f"{seed}-{number}")
        assert rec.journal is not None
        say("done", str(rec.journal.last_id), *tags)


def _act(rec: Recommender, name: str, rng: np.random.Generator, tag: str) -> list[str]:
    """One operation; the ids of the events that it has learned and that have one."""
    person, item = f"person {rng.integers(PEOPLE)}", int(rng.integers(len(rec.catalog)))
    if name in ("learn_one", "observe"):
        shown = rec.recommend(person, reasons=False).items if rng.random() < 0.7 else None
        kind = str(rng.choice(["click", "like", "view", "skip"]))
        event = Feedback(person, item, kind, value=float(rng.random()), shown=shown or None, id=tag)
        (rec.learn_one if name == "learn_one" else rec.observe)(event)
        return [tag]
    if name == "learn_many":
        rec.learn_many(_events(rec, rng, int(rng.integers(1, 80))), int(rng.integers(1, 20)), progress=False)
    elif name in ("undo", "deep undo"):
        _if_there_is(rec.undo, int(rng.integers(1, 4 if name == "undo" else 40)), progress=False)
    elif name == "settings":
        rec.updater.learning_rate = float(rng.uniform(0.0001, 0.01))
        rec.updater.replay_ratio = int(rng.integers(4))
    elif name == "items":
        rec.catalog.add(rows(int(rng.integers(1, 4)), len(rec.catalog)))
    elif name == "kinds":
        rec.kinds = rec.kinds.with_weights(view=float(rng.uniform(0, 1)))
    elif name == "checkpoint":
        rec.checkpoint()
    elif name == "save":
        assert rec.journal is not None
        rec.save(rec.journal.folder.with_suffix(".copy"))
    elif name == "forget":
        _if_there_is(rec.forget, person, progress=False, verify=bool(rng.random() < 0.5))
    else:
        rec.fit(_events(rec, rng, 40), progress=False)
    return []


def _events(rec: Recommender, rng: np.random.Generator, n: int) -> Interactions:
    people, items = rng.integers(PEOPLE, size=n), rng.integers(len(rec.catalog), size=n)
    events = (Feedback(f"person {who}", int(what), "like") for who, what in zip(people, items, strict=True))
    return Interactions.from_events(events, rec.kinds, times=range(n))


def _if_there_is(verb: Callable[..., object], *args: Any, **kwargs: Any) -> None:
    with contextlib.suppress(DataError):  # there are not so many events, or none of this person
        verb(*args, **kwargs)


# ---- the judge -----------------------------------------------------------------------------------------


def _judge(folder: Path, said: list[list[str]], report: Report, where: str) -> None:
    if not Journal.exists(folder):  # killed before it was made
        if any(words[0] == "open" for words in said):
            report.lost.append(f"{where}: the journal that was opened is not there")
        return
    with Journal.open(folder, read_only=True) as journal:
        for words in said:
            if words[0] == "done":
                report.acknowledged += len(words) - 2
                report.lost += [f"{where}: event {t}" for t in words[2:] if not _is_there(journal, t, said)]
                if int(words[1]) > journal.last_id:
                    report.lost.append(
                        f"{where}: entries after {journal.last_id}, {words[1]} was acknowledged"
                    )
        expected = _reference(journal).digest()
    child, pipe = _fork(lambda say: say("model", Recommender.open(folder, progress=False).digest()))
    with os.fdopen(pipe) as answer:
        kind, *words = answer.read().rstrip("\n").split("\t")
    os.waitpid(child, 0)
    if kind != "model":
        report.errors.append(f"{where}: {' '.join(words)}")
    elif words[0] != expected:
        kept = Path(tempfile.mkdtemp(prefix="unequal-")) / folder.name
        shutil.copytree(folder, kept)
        report.unequal.append(f"{where}: {words[0]}, and not {expected}; the journal is kept in {kept}")
    copy = folder.with_suffix(".copy")
    if copy.exists():
        try:
            Recommender.load(copy)
        except LifelongWidgetsError as error:
            report.errors.append(f"{where}: the saved copy: {error}")


def _is_there(journal: Journal, tag: str, said: list[list[str]]) -> bool:
    """Whether the event is in the log, or may be gone because its person was being forgotten."""
    return journal.has_event(tag) or any(words[:2] == ["begin", "forget"] for words in said)


def _reference(journal: Journal) -> Recommender:
    """A plain recommender that does what the entries say, in the plainest way."""
    rec = Recommender(Catalog.from_pandas(rows(ITEMS)), **SIZES)
    entries = list(journal.entries())
    undone = {
        id
        for entry in entries
        if entry.op is Op.UNDO and entry.body
        for first, last in entry.body["taken_back"]
        for id in range(first, last + 1)
    }
    of_call: dict[int, list[Feedback]] = {}
    for entry in entries:
        if entry.op is Op.EVENT and entry.id not in undone and entry.feedback and entry.call:
            of_call.setdefault(entry.call, []).append(entry.feedback)
    for entry in entries:
        if entry.id not in undone:
            _follow(rec, entry, of_call.get(entry.id, []), journal)
    return rec


def _follow(rec: Recommender, entry: Entry, events: list[Feedback], journal: Journal) -> None:
    body = entry.body or {}
    if entry.feedback and entry.op is Op.LEARN:
        rec.learn_one(entry.feedback)
    elif entry.feedback and entry.op is Op.OBSERVE:
        rec.observe(entry.feedback)
    elif entry.op is Op.LEARN_MANY and events:
        rec.learn_many(Interactions.from_events(events, rec.kinds), body["batch_size"], progress=False)
    elif entry.op is Op.FIT and events:
        rec.fit(Interactions.from_events(events, rec.kinds), progress=False)
    elif entry.op is Op.ADD:
        rec.catalog.add(list(journal.items(body["start"], body["stop"])))
    elif entry.op is Op.SET:
        setattr(rec.parts[body["part"]], body["name"], body["value"])
    elif entry.op is Op.KINDS:
        rec.kinds = FeedbackKinds.from_dict(body)


def _fork(work: Callable[[Callable[..., None]], None]) -> tuple[int, int]:
    """Run `work` in a forked process that dies as by a crash; its id, and the pipe of what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        os.close(reading)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        work(lambda *words: _say(writing, words))
    except BaseException:
        _say(writing, ("error", traceback.format_exc().replace("\n", " | ").replace("\t", " ")))
    finally:
        os._exit(1)  # no close, no last checkpoint, no handlers


def _say(pipe: int, words: Sequence[str]) -> None:
    os.write(pipe, ("\t".join(words) + "\n").encode())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    report = campaign(options.kills, options.seed)
    print(report)
    return int(not report.sound)


if __name__ == "__main__":
    sys.exit(main())
