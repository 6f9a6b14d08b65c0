from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Feedback, Interactions, limits, tables
from lifelong_widgets.errors import DataError, DataWarning, FormatError


def test_a_log_is_the_same_from_every_format(tmp_path):
    frame = pd.DataFrame(
        {"user": ["u", "v"], "item": ["007", "NA"], "time": [1.5, 2.5], "value": [None, 3.0]}
    )
    frame.to_csv(tmp_path / "log.csv", index=False)
    frame.to_csv(tmp_path / "log.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "log.parquet")
    expected = list(Interactions.from_pandas(frame))
    assert list(Interactions.from_csv(tmp_path / "log.csv")) == expected
    assert list(Interactions.from_parquet(tmp_path / "log.parquet")) == expected
    for name in ("log.csv", "log.tsv", "log.parquet"):
        assert list(Interactions.from_pandas(tables.read_table(tmp_path / name))) == expected


def test_ids_in_a_csv_file_stay_as_they_are_written(tmp_path):
    path = tmp_path / "items.csv"
    path.write_text("\ufeffitem,title,categories\n007,None,nan|NA\n42,,\n", encoding="utf-8")
    shop = Catalog.from_csv(path)
    assert list(shop.ids) == ["007", "42"]
    assert (shop["007"].title, shop["007"].categories) == ("None", ("nan", "NA"))
    assert (shop["42"].title, shop["42"].categories) == ("42", ())


def test_category_lists_survive_parquet_and_csv(tmp_path):
    before = Catalog.from_records([{"item": 1, "categories": ["Children's", "a|b"]}, {"item": 2}])
    before.to_pandas().to_parquet(tmp_path / "items.parquet")
    before.to_pandas().to_csv(tmp_path / "items.csv", index=False)
    assert list(Catalog.from_parquet(tmp_path / "items.parquet")) == list(before)
    assert Catalog.from_csv(tmp_path / "items.csv")["1"].categories == ("Children's", "a|b")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("latin.csv", "user,item\ncafé,1\n".encode("latin-1"), "not UTF-8"),
        ("empty.csv", b"", "is empty"),
        ("ragged.csv", b"a,b\n1,2\n3,4,5\n", "not a table"),
        ("shifted.csv", b"a,b\n1,2,3\n4,5,6\n", "more cells than the header"),
        ("zipped.csv", b"\x1f\x8b\x08\x00\x00\x00", "not UTF-8"),
        ("fake.parquet", b"PAR1 not really", "not a readable Parquet file"),
        ("empty.parquet", b"", "not a readable Parquet file"),
        ("book.xlsx", b"", "neither .csv, .tsv, .parquet nor .jsonl"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        tables.read_table(tmp_path / name)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["absent.csv", "absent.parquet"])
def test_an_absent_file_is_named(tmp_path, name):
    with pytest.raises(FormatError, match=f"there is no file .*{name}"):
        tables.read_table(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(FormatError, match="there is no file"):
        tables.read_table(tmp_path / name)


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text("user,item\nu,i\n")
    monkeypatch.setattr(limits, "MAX_BYTES", 10)
    with pytest.raises(FormatError, match="the limit is 10"):
        tables.read_table(path)


# ---- JSON lines


def test_json_lines_keep_the_types_of_ids(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(
        '{"event": 1, "user": 7, "item": "b1", "kind": "like", "time": 5.5, "value": null, "shown": [2]}\n'
        "\n"
        '{"event": 2, "user": "ada", "item": "b1", "kind": "skip", "time": 6, "value": 2.5, "call": 1}\n'
    )
    log = Interactions.from_pandas(tables.read_table(path))
    assert list(log) == [Feedback(7, "b1", "like", 5.5), Feedback("ada", "b1", "skip", 6.0, 2.5)]
    path.write_text('{"user": 7, "item": 1, "time": 1}\n{"user": "7", "item": 1, "time": 2}\n')
    with pytest.raises(
        DataError, match=r"column 'user', line 2 of .*log\.jsonl.*'7' is a string, but 7 is known"
    ):
        Interactions.from_pandas(tables.read_table(path))


def test_a_catalogue_may_be_json_lines_too(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text('{"item": 1, "title": "Fog", "categories": ["Sea", "a|b"]}\n{"item": "007"}\n')
    shop = Catalog.from_pandas(tables.read_table(path))
    assert list(shop.ids) == [1, "007"]
    assert (shop[1].categories, shop["007"].title) == (("Sea", "a|b"), "007")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "is empty; each line is a JSON object"),
        ('{"user": 1}\n[1]\n', r"line 2 of .*log\.jsonl' is \[1\]; each line is a JSON object"),
        ('{"user": 1}\n\n{"user": \n', r"line 3 of .*log\.jsonl' is not JSON"),
        ('{"user": 1, "item": 2, "user": 3}', "line 1 .* the key 'user' is there twice"),
        ('{"user": NaN}', "line 1 .* NaN is no number in JSON"),
        ('{"user": ' + "9" * 5000 + "}", "line 1 .* not JSON"),
        ('{"user": ' + "[" * 8 + "]" * 8 + "}", "line 1 .* nested more than 8 levels"),
        ('{"user": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 1 .* nested more than 8 levels"),
    ],
)
def test_what_is_no_json_line_is_named_by_its_number(tmp_path, lines, message):
    (tmp_path / "log.jsonl").write_text(lines)
    with pytest.raises(FormatError, match=message):
        tables.read_table(tmp_path / "log.jsonl")


def test_brackets_within_a_string_are_not_depth(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"user": "' + "[{" * 100 + '"}\n{"user": [[[[[[[1]]]]]]]}\n')
    assert len(tables.read_table(tmp_path / "log.jsonl")) == 2


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_LINE", 20, "line 2 .* longer than the 20 bytes allowed"),
        ("MAX_COLUMNS", 1, "has 2 columns; the limit is 1"),
        ("MAX_CELLS", 3, "the limit is 3 cells"),
        ("MAX_BYTES", 10, "the limit is 10"),
    ],
)
def test_json_lines_beyond_a_limit_are_refused(tmp_path, monkeypatch, limit, value, message):
    (tmp_path / "log.jsonl").write_text('{"user": 1}\n{"user": 2, "item": "a long one"}\n')
    monkeypatch.setattr(limits, limit, value)
    with pytest.raises(FormatError, match=message):
        tables.read_table(tmp_path / "log.jsonl")


# ---- where something is, and limits


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_errors_name_the_line_of_a_csv_file(tmp_path, end):
    path = tmp_path / "log.csv"
    path.write_bytes(end.join(["user,item,time", "a,1,1", "b,,2", ""]).encode())
    with pytest.raises(DataError, match=r"column 'item', line 3 of '.*log\.csv': the item id is missing"):
        Interactions.from_csv(path)
    (tmp_path / "items.csv").write_text("item,title\n1,a\n2,b\n1,c\n")
    with pytest.raises(
        DataError, match=r"line 2 of '.*items\.csv' and line 4 of .* have the same item id '1'"
    ):
        Catalog.from_csv(tmp_path / "items.csv")


def test_where_rows_are_not_lines_the_row_is_named(tmp_path):
    path = tmp_path / "log.csv"
    for text in ('user,item,time\n"a\nb",1,1\nb,,2\n', "user,item,time\n\na,1,1\nb,,2\n"):
        path.write_text(text)
        with pytest.raises(DataError, match="column 'item', row 1: the item id is missing"):
            Interactions.from_csv(path)


def test_of_two_columns_with_one_name_neither_is_taken(tmp_path):
    (tmp_path / "log.csv").write_text("user,item,time,user\na,1,1,b\n")
    with pytest.raises(DataError, match="there are 2 columns called 'user'"):
        Interactions.from_csv(tmp_path / "log.csv")


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_HEADER", 10, "the first line of .* has more than 10 characters"),
        ("MAX_COLUMNS", 2, "has 3 columns; the limit is 2"),
        ("MAX_CELLS", 8, "the limit is 8 cells"),
    ],
)
def test_a_csv_file_beyond_a_limit_is_refused(tmp_path, monkeypatch, limit, value, message):
    (tmp_path / "log.csv").write_text("user,item,time\na,1,1\nb,2,2\n")
    monkeypatch.setattr(limits, limit, value)
    with pytest.raises(FormatError, match=message):
        tables.read_table(tmp_path / "log.csv")


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_COLUMNS", 1, "has 2 columns; the limit is 1"),
        ("MAX_CELLS", 5_000, "1,000 rows of 2 columns|9,000 values"),
        ("MAX_CHUNKS", 1, "1 row groups of 2 columns"),
        ("MAX_BYTES_READ", 20_000, "would fill .* bytes or more; the limit is 20,000"),
    ],
)
def test_a_parquet_file_beyond_a_limit_is_refused(tmp_path, monkeypatch, limit, value, message):
    """The strings are stored once each and take some hundred bytes on disk, and 90,000 when written out."""
    pd.DataFrame({"item": range(1000), "categories": [["x" * 10] * 8] * 1000}).to_parquet(
        tmp_path / "a.parquet"
    )
    assert len(tables.read_table(tmp_path / "a.parquet")) == 1000
    monkeypatch.setattr(limits, limit, value)
    with pytest.raises(FormatError, match=message):
        tables.read_table(tmp_path / "a.parquet")


def test_a_parquet_file_gives_its_index_and_leaves_out_what_is_nested(tmp_path):
    frame = pd.DataFrame({"user": ["a", "b"], "item": [1, 2], "time": [1, 2], "more": [{"x": 1}, {"x": 2}]})
    frame.set_index("user").to_parquet(tmp_path / "log.parquet")
    read = tables.read_table(tmp_path / "log.parquet")
    assert sorted(read.columns) == ["item", "time", "user"]
    assert Interactions.from_pandas(read).users == ["a", "b"]


@pytest.mark.parametrize("path", [5, None, b"log.csv", "log\0.csv", "x" * 5000 + ".csv"], ids=repr)
def test_what_is_no_path_is_refused(path):
    with pytest.raises(FormatError):
        tables.read_table(path)


def test_semicolons_and_tabs_stand_between_cells_where_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    for sep in (";", "\t", "|"):
        path.write_text(f"customer{sep}sku{sep}at\nada{sep}007{sep}2024-05-01\n")
        with pytest.raises(DataError, match=f"only column holds .*sep={re.escape(repr(sep))}.*--sep"):
            Interactions.from_csv(path, user="customer", item="sku", time="at")
        with pytest.raises(DataError, match=r"there is no column 'sku'.*only column holds"):
            Catalog.from_csv(path, item="sku")
        log = Interactions.from_csv(path, user="customer", item="sku", time="at", sep=sep)
        assert (log.users, log.items) == (["ada"], ["007"])
        assert list(Catalog.from_csv(path, item="sku", sep=sep).ids) == ["007"]
        assert list(tables.read_table(path, sep).columns) == ["customer", "sku", "at"]
    path.write_text("customer;price\nada;1,50\nbob;2,50\n")  # the commas are those of numbers
    with pytest.raises(FormatError, match="say sep=';'"):
        tables.read_csv(path)
    for wrong in ("", ";;", "a", '"', "\n", 7):
        with pytest.raises(DataError, match="sep is the one character between cells"):
            tables.read_csv(path, wrong)  # type: ignore[arg-type]


def _done(message: str, path: Path, **columns: str) -> Interactions:
    """The log that comes of doing what a message says, from the code in it on."""
    code = message[message.index("frame = ") :].split("; then from_pandas")[0]
    names: dict[str, Any] = {"pd": pd, "path": path}
    exec(code, names)
    return Interactions.from_pandas(names["frame"], **columns)


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        (["ada,b1,2024-05-01", "ada,,2024-05-02"], 1),
        (["ada,b1,2024-05-01", "ada,b2,yesterday", "ada,b3,31.02.2024"], 1),
        (["ada,b1,1700000000", "ada,b2,1700000001", "ada,b2,yesterday"], 2),
        (["ada,b1,30.04.2024", "ada,b2,31.12.2024", "ada,b3,01.02.2024"], 3),
        (["ada,b1,30.04.2024", "ada,b2,31.02.2024", "ada,b3,01.02.2024"], 2),
        (["ada,b1,2024-05-01", "ada,b2,"], 1),
    ],
)
def test_the_remedy_for_bad_rows_of_a_file_can_be_typed_as_it_stands(
    tmp_path: Path, rows: list[str], left: int
) -> None:
    """Bug: the message spoke of a `df` that nobody had, and of a way to read 31.02.2024."""
    path = tmp_path / "events.csv"
    path.write_text("\n".join(["customer,sku,at", *rows]) + "\n")
    columns = {"user": "customer", "item": "sku", "time": "at"}
    with pytest.raises(DataError, match=r"pd\.read_csv\(path, dtype=str\)") as refused:
        Interactions.from_csv(path, **columns)
    log = _done(str(refused.value), path, **columns)
    assert len(log) == left
    if "01.02.2024" in rows[-1]:
        assert "2024-02-01" in repr(log), "the day stands first"


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("")
    with pytest.raises(FormatError, match=r"events\.csv' is empty"):
        Interactions.from_csv(path)
    path.write_text("user,item,time\n\n")
    with pytest.raises(DataError, match=r"no events: the file '.*events\.csv' has no rows"):
        Interactions.from_csv(path)
    with pytest.raises(DataError, match=r"no items: the file '.*events\.csv' has no rows"):
        Catalog.from_csv(path)


def test_a_file_in_latin_1_is_told_how_to_be_read(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("user,item,time\nZoë,b1,1\n".encode("latin-1"))
    with pytest.raises(FormatError, match=r"pd\.read_csv\(path, encoding='cp1252', dtype=str\).*gb18030"):
        Interactions.from_csv(path)


def test_repeated_rows_of_a_file_are_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("user,item,time\nada,b1,1\nbob,b1,1\nada,b1,1\n")
    with pytest.warns(DataWarning, match="1 of the 3 events of .* repeat another.*drop_duplicates"):
        log = Interactions.from_csv(path)
    assert len(log) == 3
