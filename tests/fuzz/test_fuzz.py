"""The short form of `python -m tests.fuzz`, and that it would find what it looks for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fuzz import loaders, selftest
from tests.fuzz.__main__ import main
from tests.fuzz.case import FINDING, HANDLED, REFUSED, Loader, Verdict, judge
from tests.fuzz.corpus import corpus
from tests.fuzz.mutations import LOADERS
from tests.fuzz.runner import run, table
from tests.fuzz.selection import short

# Not of the corpus: each process that only looks for tests would make its 15,000 cases.
NAMES = sorted(loader.name for loader in vars(loaders).values() if isinstance(loader, Loader))


@pytest.fixture(scope="module")
def verdicts() -> Sequence[Verdict]:
    return run(short())


@pytest.mark.parametrize("loader", NAMES)
def test_hostile_input_is_handled_or_gets_a_typed_error(verdicts: Sequence[Verdict], loader: str) -> None:
    own = [verdict for verdict in verdicts if verdict.loader == loader]
    assert own
    findings = [f"{verdict.id}: {verdict.detail}" for verdict in own if verdict.kind == FINDING]
    assert not findings, "\n".join(findings)


def test_the_corpus_is_large_and_random_input_comes_on_top(verdicts: Sequence[Verdict]) -> None:
    assert len(corpus()) > 10_000
    assert set(LOADERS) < set(NAMES) == {case.loader.name for case in corpus().values()}
    assert len(verdicts) == len(short()) > 1000
    kinds = [verdict.kind for verdict in verdicts]
    assert min(kinds.count(HANDLED), kinds.count(REFUSED)) > 300


@pytest.mark.parametrize(
    ("what", "detail"),
    [
        ("untyped", "KeyError"),
        ("no place", "names no place"),
        ("a long message", "a message of 10,007 characters"),
        ("a terminal code", "could steer a terminal"),
        ("half-changed", "half-changed after"),
        ("a file", "changed the folder"),
        ("a warning", "RuntimeWarning"),
        ("memory", "the resident size grew by"),
        ("unsound", "loaded, but AssertionError"),
        ("is to be refused", "was to be refused"),
        ("is to be loaded", "not what the case describes"),
    ],
)
def test_what_must_not_happen_is_found(what: str, detail: str) -> None:
    verdict = judge(selftest.case_of(what))
    assert verdict.kind == FINDING
    assert detail in verdict.detail


def test_a_hang_and_a_crash_are_found_and_the_rest_is_run_nevertheless() -> None:
    whats = ["fine", "hangs", "typed", "crashes", "fine"]
    verdicts = run([f"{selftest.NAME}: {what}" for what in whats], seconds=2.0)
    assert [verdict.kind for verdict in verdicts] == [HANDLED, FINDING, REFUSED, FINDING, HANDLED]
    assert "hung" in verdicts[1].detail and "SIGABRT" in verdicts[3].detail
    assert list(table(verdicts))[-1].split() == ["all", "5", "2", "1", "2"]


@pytest.mark.parametrize(("what", "code"), [("typed", 0), ("untyped", 1)])
def test_the_command_prints_a_table_and_fails_at_a_finding(
    capsys: pytest.CaptureFixture[str], what: str, code: int
) -> None:
    assert main(["--case", "self-test: fine", "--case", f"self-test: {what}"]) == code
    out = capsys.readouterr().out
    assert "typed errors" in out and f"{code} findings" in out
    assert ("FINDING self-test: untyped: KeyError" in out) is bool(code)
