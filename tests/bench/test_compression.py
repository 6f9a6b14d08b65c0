"""The bench of compression, on a log that is over in seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import compression


def test_it_says_for_each_bar_whether_it_is_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(compression.LIMITS, "bookshop", 600)
    monkeypatch.setattr(compression, "LADDER", (["int8"], ["neighbors:4", "int4"]))
    assert compression.main(["bookshop", "--models", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "60 tested" in said and len(list(tmp_path.glob("bookshop-120-540*.lw"))) == 1
    assert said.count("\n| 4 × at") == said.count("\n| 20 × at") == 1
    bars = [line for line in said.splitlines() if " × at " in line]
    assert all(": yes |" in line or ": **no** |" in line for line in bars) and len(bars) == len(
        compression.BARS
    )
    assert compression.main(["bookshop", "--follow"]) == 0
    assert "Copies followed 420 events" in capsys.readouterr().out


def test_what_is_chosen_is_chosen_on_the_first_fifth(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(compression.LIMITS, "bookshop", 2000)
    monkeypatch.setattr(compression, "WAYS", (["int8"], ["neighbors:4", "int4"]))
    assert compression.main(["bookshop", "--choose"]) == 0
    said = capsys.readouterr().out
    assert "learned up to the last 60 of its first fifth" in said and said.count("| int8 |") == 2
    monkeypatch.setattr(compression, "GRID", compression.GRID[-1:])
    assert compression.main(["bookshop", "--choose-small"]) == 0
    said = capsys.readouterr().out
    assert "16 neighbours, without linear memory | int4" in said and "\n20 ×: " in said
