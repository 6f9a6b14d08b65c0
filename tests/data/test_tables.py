from __future__ import annotations

import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Interactions, limits, tables
from lifelong_widgets.errors import FormatError


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
        ("empty.csv", b"", "not a table"),
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
