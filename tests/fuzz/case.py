"""A case: hostile input for one loader, what is to become of it, and the judgement whether it did."""

from __future__ import annotations

import os
import re
import resource
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifelong_widgets.errors import LifelongWidgetsError
from tests.fuzz.checks import harmless

LONGEST_MESSAGE = 4000
SCRATCH = "scratch"
"""The folder beside that of the case in which a loader may write."""
HANDLED, REFUSED, FINDING = "handled", "refused", "finding"


@dataclass(frozen=True)
class Loader:
    """What is fuzzed.

    Attributes:
        name: what the table calls it.
        load: takes what `Case.make` made; raises a typed error or returns what was loaded.
        check: asserts that what was loaded is sound and usable, whatever it came from.
        place: a regular expression that each error message must match: it names the place.
        state: a fingerprint of what `load` changes, which must not change when it raises.
        allowed: further errors that are documented.
        warns: warnings that are documented.
    """

    name: str
    load: Callable[[Any], Any]
    check: Callable[[Any], None]
    place: str
    state: Callable[[Any], str] | None = None
    allowed: tuple[type[Exception], ...] = ()
    warns: tuple[type[Warning], ...] = ()


@dataclass(frozen=True)
class Fate:
    """What is to become of a case: refused with a message that has `message` in it, or loaded and sound.

    Neither is laid down if `message` and `loaded` are both None.
    """

    message: str | None = None
    loaded: Callable[[Any], object] | None = None


EITHER = Fate()


def refused(message: str = "") -> Fate:
    """It must be refused, with a message that has `message` in it."""
    return Fate(message=message)


def loaded(check: Callable[[Any], object] = lambda _: True) -> Fate:
    """It must be loaded, and `check` of it be true."""
    return Fate(loaded=check)


@dataclass(frozen=True)
class Case:
    """Hostile input. `make` builds it, or writes it into an empty folder, and returns what `load` takes."""

    loader: Loader
    name: str
    make: Callable[[Path], Any]
    fate: Fate = EITHER
    megabytes: int = 400
    """By how much the resident size may grow meanwhile."""
    bulk: bool = False
    """One of very many of a kind, of which a short run takes some."""

    @property
    def id(self) -> str:
        """The name of the case among all."""
        return f"{self.loader.name}: {self.name}"


@dataclass(frozen=True)
class Verdict:
    """What became of a case. `kind` is HANDLED, REFUSED or FINDING."""

    id: str
    loader: str
    kind: str
    detail: str = ""


def judge(case: Case) -> Verdict:
    """Run a case in this process, within an empty working folder."""
    with tempfile.TemporaryDirectory() as name:
        home = os.getcwd()
        folder = Path(name).resolve() / "in"
        folder.mkdir()
        (folder.parent / SCRATCH).mkdir()
        os.chdir(folder)
        try:
            subject = case.make(folder)
            files = _files(folder)
            verdict = _judged(case, subject)
            if (now := _files(folder)) != files:
                verdict = _finding(case, f"changed the folder: {sorted(set(now) ^ set(files))}")
        except Exception as error:
            verdict = _finding(case, f"the case itself: {_described(error)}")
        finally:
            os.chdir(home)
    return verdict


def _judged(case: Case, subject: Any) -> Verdict:
    loader = case.loader
    before = loader.state(subject) if loader.state else ""
    resident = _reset_peak()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            result = loader.load(subject)
        except (LifelongWidgetsError, *loader.allowed) as error:
            verdict = _judged_error(case, str(error))
            if loader.state and loader.state(subject) != before:
                verdict = _finding(case, f"half-changed after: {error!s:.300}")
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            verdict = _finding(case, _described(error))
        else:
            verdict = _judged_result(case, result)
    grown = (_peak() - resident) >> 20
    if verdict.kind != FINDING and grown > case.megabytes:
        return _finding(case, f"the resident size grew by {grown:,} MB")
    unexpected = [each for each in warned if not issubclass(each.category, loader.warns)]
    if verdict.kind != FINDING and unexpected:
        first = unexpected[0]
        return _finding(case, f"{first.category.__name__}: {first.message!s:.200} ({first.filename})")
    return verdict


def _judged_error(case: Case, message: str) -> Verdict:
    problem = _bad_message(message, case.loader.place)
    if case.fate.loaded:
        problem = f"was to be loaded, but: {message:.300}"
    elif case.fate.message and case.fate.message not in message:
        problem = f"was to be refused with {case.fate.message!r}, but with: {message:.300}"
    return Verdict(case.id, case.loader.name, FINDING if problem else REFUSED, problem or message)


def _judged_result(case: Case, result: Any) -> Verdict:
    if case.fate.message is not None:
        return _finding(case, f"was to be refused, but gave {result!r:.200}")
    try:
        case.loader.check(result)
        if case.fate.loaded:
            assert case.fate.loaded(result), "not what the case describes"
    except Exception as error:
        return _finding(case, f"loaded, but {_described(error)}")
    return Verdict(case.id, case.loader.name, HANDLED)


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "lifelong_widgets" in frame.filename] or frames
    where = f"{ours[-1].filename}:{ours[-1].lineno}"
    return f"{type(error).__name__}: {error!s:.300} at {where}"


def _finding(case: Case, detail: str) -> Verdict:
    return Verdict(case.id, case.loader.name, FINDING, detail)


def _bad_message(message: str, place: str) -> str:
    if len(message) > LONGEST_MESSAGE:
        return f"a message of {len(message):,} characters: {message:.200}"
    if not harmless(message):
        return f"a message that could steer a terminal: {message!r:.300}"
    if not re.search(place, message):
        return f"a message that names no place: {message:.300}"
    return ""


def _files(folder: Path) -> list[tuple[str, int]]:
    return sorted(
        (str(path.relative_to(folder)), path.stat().st_size) for path in folder.rglob("*") if path.is_file()
    )


def _reset_peak() -> int:
    """The resident size in bytes, from which on `_peak` counts, where the system can do that."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _proc("VmRSS")


def _peak() -> int:
    try:
        return _proc("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _proc(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{name}:\s*(\d+) kB", status)
    assert found, status
    return int(found[1]) << 10
