"""The bench of compression, on a log that is over in seconds."""

from __future__ import annotations

import pytest

from tests.bench import compression


def test_it_says_for_each_bar_whether_it_is_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(compression.LIMITS, "bookshop", 600)
    monkeypatch.setattr(compression, "LADDER", (["int8"], ["neighbors:4", "int4"]))
    assert compression.main(["bookshop"]) == 0
    said = capsys.readouterr().out
    assert "540 events learned, 60 tested" in said and "Copies followed 420 events" in said
    assert said.count("\n| 4 × at") == said.count("\n| 20 × at") == 1
    bars = [line for line in said.splitlines() if " × at " in line]
    assert all(": yes |" in line or ": **no** |" in line for line in bars) and len(bars) == len(
        compression.BARS
    )
