"""Kill a learner at random instants, with ``kill -9``, and compare what is left with what its log implies.

``python -m tests.soak.kill --kills 200`` exits with 1 at any event that was acknowledged and is lost, at any
restored model that is not what it must be, and at any error.

Each round forks a learner and kills it. Another process opens the journal, as its next owner would, and says
the hash of the model that it finds. This must be

- the hash of a plain recommender that is led through the log (`reference`), which shares neither checkpoints
  nor the cutting into steps with what it judges;
- that of a second one, made from the beginning of the log (`Recommender.audit`);
- if the log ends with an operation that had returned: the hash that the killed process had then.

A quarter of the kills wait until a checkpoint or a copy is being written.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.journal import Journal
from lifelong_widgets.journal.entries import EVENT_OPS
from lifelong_widgets.recommender import Recommender
from tests.soak.children import Child, Words
from tests.soak.learner import SIZES, Say, beginning, copy_of, live
from tests.soak.reference import reference

_ROUNDS = 10  # with one journal, so that the reference has not too long a life to lead
_LONGEST = 0.4  # seconds from the opening to the kill
_EARLY, _EARLIEST = 0.15, 0.15  # the share of kills while it opens what the last one left, within seconds
_LURKING = 0.25  # the share of kills that wait for a file that is being written


@dataclass
class Operation:
    """What a learner said of one thing that it did."""

    name: str
    n_events: int  # that it hands in
    about: str  # the id of its event, whom it forgets, or the hash of what it saves
    people: tuple[str, ...] = ()  # whose its events are
    last_id: int | None = None  # of the log when it had returned; None if it never did
    digest: str = ""  # of the model then, unless something is changed that is written with the next event


@dataclass
class Life:
    """What a learner said until it was killed."""

    found: tuple[int, str] | None = None  # the last entry and the hash, when it had opened the journal
    operations: list[Operation] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, said: Sequence[Words]) -> Life:
        life = cls()
        for kind, *words in said:
            if kind == "open":
                life.found = int(words[0]), words[1]
            elif kind == "begin":
                people = tuple(words[3].split(",")) if words[3:] and words[3] else ()
                life.operations.append(Operation(words[0], int(words[1]), words[2], people))
            elif kind == "done":
                life.operations[-1].last_id, life.operations[-1].digest = int(words[0]), words[1]
            else:
                life.errors.append(" ".join(words))
        return life

    @property
    def returned(self) -> list[Operation]:
        return [operation for operation in self.operations if operation.last_id is not None]

    @property
    def broken_off(self) -> Operation | None:
        return self.operations[-1] if self.operations and self.operations[-1].last_id is None else None


@dataclass
class World:
    """One journal, and what its learners have left so far."""

    folder: Path
    left: tuple[int, str] | None = None  # the last entry and the hash, as they were after the last kill
    copies: set[str] = field(default_factory=set)  # the hashes that the saved copy may have


@dataclass
class Report:
    """What the campaign has found."""

    kills: int = 0
    during: Counter[str] = field(default_factory=Counter)
    half_written: int = 0
    acknowledged: int = 0
    restores: int = 0
    as_before: int = 0
    copies: int = 0
    lost: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.lost or self.unequal or self.errors)

    def __str__(self) -> str:
        during = ", ".join(f"{name} {n}" for name, n in self.during.most_common())
        return "\n".join(
            [
                f"{self.kills} kills, during: {during}",
                f"{self.half_written} of them left a checkpoint or a copy half written",
                f"{self.acknowledged:,} events of operations that had returned: "
                f"{len(self.lost)} lost or doubled",
                f"{self.restores} restores, {self.as_before} of them also compared with the killed process: "
                f"{len(self.unequal)} unequal",
                f"{self.copies} copies read, {len(self.errors)} errors",
                *(finding for kind in (self.lost, self.unequal, self.errors) for finding in kind[:5]),
            ]
        )


def campaign(kills: int, seed: int, tell: Callable[[str], object] = print) -> Report:
    """Kill so often. Nothing of a journal is open in this process when it forks."""
    rng, report = np.random.default_rng(seed), Report()
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place) / "0.lw")
        for number in range(kills):
            where, life = f"kill {number} (seed {seed})", _life(world.folder, rng, report)
            report.errors += [f"{where}: {error}" for error in life.errors]
            if Journal.exists(world.folder):
                _judge(world, life, report, where)
            elif life.found:
                report.lost.append(f"{where}: the journal that was opened is not there")
            if (number + 1) % _ROUNDS == 0:
                shutil.rmtree(world.folder, ignore_errors=True)
                world = World(Path(place) / f"{number + 1}.lw")
                tell(f"{number + 1} kills: {len(report.lost)} lost, {len(report.unequal)} unequal")
    return report


def _life(folder: Path, rng: np.random.Generator, report: Report) -> Life:
    """Fork a learner and kill it."""
    seed, early, lurking = int(rng.integers(2**31)), rng.random() < _EARLY, rng.random() < _LURKING
    seconds = float(rng.uniform(0, _EARLIEST if early else _LONGEST))
    late = float(rng.choice([0, rng.uniform(0, 0.002)]))
    before = _half_written(folder)
    with Child(lambda say: live(folder, seed, say)) as child:
        if early or child.listen(60.0, until=lambda: child.said):
            files = _files(folder)
            child.listen(seconds, until=lambda: lurking and _files(folder) != files)
            child.listen(late)
    life = Life.of(child.said)
    broken_off = life.broken_off
    report.kills += 1
    report.during["opening" if not life.found else broken_off.name if broken_off else "nothing"] += 1
    report.half_written += bool(_half_written(folder) - before)
    return life


def _half_written(folder: Path) -> set[str]:
    """Files aside that are being written, or whose writer was killed."""
    return {name for name, _ in _files(folder) if name.endswith(".aside")}


def _files(folder: Path) -> set[tuple[str, int]]:
    """The checkpoints and copies that are there, and how large they are."""
    found = set()
    for place in (folder / "checkpoints", folder.parent):
        with contextlib.suppress(FileNotFoundError), os.scandir(place) as files:  # they come and go
            found |= {(file.path, file.stat().st_size) for file in files if file.is_file()}
    return found


# ---- the judge -----------------------------------------------------------------------------------------


def _judge(world: World, life: Life, report: Report, where: str) -> None:
    with Journal.open(world.folder, read_only=True) as journal:
        report.lost += [f"{where}: {finding}" for finding in missing(journal, life)]
        expected = {"the reference": reference(journal, beginning(), **SIZES).digest()}
        last_id = journal.last_id
    report.acknowledged += sum(operation.n_events for operation in life.returned)
    for operation in life.returned:
        if operation.last_id == last_id and operation.digest:
            expected["the killed process"] = operation.digest
    report.as_before += "the killed process" in expected
    if life.found and world.left and life.found != world.left:
        report.unequal.append(f"{where}: opened again, {world.left} had become {life.found}")
    with Child(lambda say: _open(world.folder, say)) as owner:
        ((kind, *words),) = owner.hear_out() or [["error", "the next owner died"]]
    if kind == "error":
        report.errors.append(f"{where}: the next owner: {words[0]}")
        return
    report.restores += 1
    found, expected["the beginning of the log"] = words
    world.left = last_id, found
    for what, digest in expected.items():
        if digest != found:
            kept = Path(tempfile.mkdtemp(prefix="unequal-")) / world.folder.name
            shutil.copytree(world.folder, kept)
            report.unequal.append(f"{where}: {found}, but {what} {digest}; the journal is now in {kept}")
    _read_copy(world, life, report, where)


def _open(folder: Path, say: Say) -> None:
    rec = Recommender.open(folder, progress=False)
    say("model", rec.digest(), rec.audit(progress=False).replayed)


def missing(journal: Journal, life: Life) -> list[str]:
    """Events that should be there and are not, or are and should not."""
    found, before = [], life.found[0] if life.found else 0
    events = [(entry.id, entry.feedback) for entry in journal.entries() if entry.op in EVENT_OPS]
    for place, operation in enumerate(life.operations if life.found else []):
        returned = operation.last_id is not None
        end = journal.last_id if operation.last_id is None else operation.last_id
        n = sum(before < id <= end for id, _ in events)
        # who is forgotten takes events along that were learned before
        gone = {later.about for later in life.operations[place + 1 :] if _has_erased(later, life, journal)}
        due = operation.n_events - sum(person in gone for person in operation.people)
        if (n < due and returned) or n > due or end > journal.last_id:
            found.append(f"{operation} has left {n} events, not {due}; the log ends at {journal.last_id}")
        if operation.name == "forget" and returned:
            left = [id for id, event in events if event and id <= end and event.user == operation.about]
            found += [f"{operation} has left the events {left}"] if left else []
        before = end
    if life.operations and not life.broken_off and journal.last_id > before:
        found.append(f"entries after {before} that nobody asked for, up to {journal.last_id}")
    return found


def _has_erased(operation: Operation, life: Life, journal: Journal) -> bool:
    """Whether it is a `forget` that has returned, or that was broken off when its tombstone was written."""
    if operation.name != "forget" or operation.last_id is not None:
        return operation.name == "forget"
    before = life.returned[-1].last_id if life.returned else life.found and life.found[0]
    return any(stone.id > (before or 0) for stone in journal.tombstones)


def _read_copy(world: World, life: Life, report: Report, where: str) -> None:
    """The saved copy must be whole: the last one, or the one that was just being saved."""
    for operation in life.operations:
        if operation.name == "save":
            world.copies = {operation.about} | (set() if operation.last_id is not None else world.copies)
    copy = copy_of(world.folder)
    if not copy.exists():
        return
    try:
        digest = Recommender.load(copy).digest()
    except LifelongWidgetsError as error:
        report.errors.append(f"{where}: the saved copy: {error}")
        return
    report.copies += 1
    if digest not in world.copies:
        report.unequal.append(f"{where}: the saved copy is {digest}, and not one of {world.copies}")
    world.copies = {digest}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say; the exit code."""
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
