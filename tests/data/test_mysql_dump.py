"""Tables out of the text of mysqldump."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data.datasets.mysql_dump import read_dump
from lifelong_widgets.errors import FormatError

_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", '"': '\\"'}
_TEXT = st.text(st.characters(exclude_characters="\0\x1a", exclude_categories=("Cs",)), max_size=20)
CELL = st.one_of(st.none(), st.integers(), _TEXT)


def written(cell: object) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, int):
        return str(cell)
    return "'" + "".join(_ESCAPES.get(char, char) for char in str(cell)) + "'"


def dump(rows: list[tuple[object, ...]]) -> str:
    head = (
        "CREATE TABLE `t` (\n  `a` text,\n  `b c` int,\n  `d` datetime DEFAULT NULL,\n  KEY `a` (`a`)\n);\n"
    )
    head = head.replace("`b c`", "`b`")
    values = ",".join("(" + ",".join(map(written, row)) + ")" for row in rows)
    return f"-- a dump\n{head}INSERT INTO `t` VALUES {values};\n/* the end */\n"


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=5))
def test_what_was_written_is_read(rows: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dump.sql"
        file.write_text(dump(rows), encoding="utf-8", newline="\n")
        table = read_dump(file, ["t"])["t"]
    assert table.attrs == {"a": "text", "b": "int", "d": "datetime"}
    found = [tuple(None if cell != cell else cell for cell in row) for row in table.itertuples(index=False)]
    assert found == [tuple(None if cell is None else str(cell) for cell in row) for row in rows]


@given(st.text(max_size=60))
def test_no_text_does_more_than_raise_our_error(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dump.sql"
        file.write_text(
            dump([("x", 1, None)]) + "INSERT INTO `t` VALUES (" + text, encoding="utf-8", errors="replace"
        )
        try:
            read_dump(file, ["t"])
        except FormatError as error:
            assert "dump.sql" in str(error)


def test_a_quotation_mark_may_be_doubled(tmp_path: Path) -> None:
    (tmp_path / "d.sql").write_text(dump([("x", 1, None)]).replace("'x'", "'isn''t'"), encoding="utf-8")
    assert read_dump(tmp_path / "d.sql", ["t"])["t"]["a"].tolist() == ["isn't"]


def test_a_string_without_an_end_is_found_at_once(tmp_path: Path) -> None:
    """It would take for ever if the pattern tried every way to part a million quotation marks."""
    (tmp_path / "d.sql").write_text(
        dump([("x", 1, None)]).replace("'x'", "'" + "''" * 500_000 + "x"), "utf-8"
    )
    with pytest.raises(FormatError, match="a value cannot be read"):
        read_dump(tmp_path / "d.sql", ["t"])


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifelong_widgets.data.datasets.mysql_dump._LONGEST", 40)
    (tmp_path / "d.sql").write_text(dump([("x" * 50, 1, None)]), encoding="utf-8")
    with pytest.raises(FormatError, match=r"line 8 of .* has more than 40 characters"):
        read_dump(tmp_path / "d.sql", ["t"])
