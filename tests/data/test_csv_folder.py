"""A log of one's own, in the two files of the article."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifelong_widgets.data import DEFAULT_KINDS, FeedbackKind, datasets
from lifelong_widgets.errors import DataError, DataWarning, FormatError

ITEMS = "item_id,description,category\ni1,A story about ice.,Climate|Science\ni2,,Sport\n"


def load(folder: Path, behavior: str, items: str | None = ITEMS, **options: Any) -> datasets.Dataset:
    (folder / "user_behavior_data.csv").write_text(behavior, encoding="utf-8")
    if items is not None:
        (folder / "item_data.csv").write_text(items, encoding="utf-8")
    return datasets.load("csv-folder", folder=folder, **options)


def test_two_files_make_a_catalogue_and_a_log(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match="2 of 3 texts of behaviour describe no item and are not used"):
        data = load(
            tmp_path,
            "user_id,item_id,text,timestamp,label\n"
            "ada,i2,final score,2024-05-02,1\nbob,i1,ice,2024-05-01,0\nada,i2,who won,2024-05-01,1\n",
        )
    assert [(event.user, event.item, event.kind) for event in data.interactions] == [
        ("bob", "i1", "skip"),
        ("ada", "i2", "click"),
        ("ada", "i2", "click"),
    ]
    described, bare = data.catalog["i1"], data.catalog["i2"]
    assert described.texts == {"description": "A story about ice.", "behavior": ""}
    assert bare.texts == {"description": "", "behavior": "who won"}  # the first in time, no later one
    assert described.categories == ("Climate", "Science")
    assert "Texts of behaviour: 3, of which 1 describe an item" in data.about
    assert "3 events by 2 people on 2 of 2 items" in data.about


def test_rows_are_in_order_without_times_and_names_may_differ(tmp_path: Path) -> None:
    with pytest.warns(DataWarning, match="1 of 2 texts"):
        data = load(
            tmp_path,
            "UserID,Item,Action,Rating,Text\nada,i1,like,4.5,x\nada,i3,purchase,,new here\n",
            "id,name,Description\ni1,Ice,Cold.\n",
        )
    events = [(event.item, event.kind, event.value, event.time) for event in data.interactions]
    assert events == [("i1", "like", 4.5, 0.0), ("i3", "purchase", None, 1.0)]
    assert data.catalog["i1"].title == "Ice"
    assert data.catalog["i3"].texts == {"description": "", "behavior": "new here"}


def test_kinds_of_ones_own_are_taken(tmp_path: Path) -> None:
    """Bug: the error says kinds=…, which the data set did not take."""
    behavior = "user_id,item_id,behavior_type\nada,i1,pv\nada,i2,buy\n"
    with pytest.raises(DataError, match="kinds="):
        load(tmp_path, behavior)
    kinds = DEFAULT_KINDS.with_kind(FeedbackKind("pv", 0.5)).with_kind(FeedbackKind("buy", 1.0))
    data = load(tmp_path, behavior, kinds=kinds)
    assert [event.kind for event in data.interactions] == ["pv", "buy"] and data.interactions.kinds == kinds
    for wrong in (None, {"buy": 1}):
        with pytest.raises(DataError, match="kinds"):
            load(tmp_path, behavior, kinds=wrong)


@pytest.mark.parametrize(
    ("behavior", "items", "message"),
    [
        ("text\nhello\n", ITEMS, r"user_behavior_data\.csv has no column for the user, such as 'user' or "
         r"'user_id'; the columns are 'text'"),
        ("user_id,text\nada,hello\n", ITEMS, "no column for the item"),
        ("user_id,item_id\nada,i1\n", "item_id,title\ni1,Ice\n",
         r"item_data\.csv has no column for the description, .*'item_id', 'title'"),
        ("user_id,item_id\nada,i1\n", None, r"no item_data\.csv in .*; there is 'user_behavior_data\.csv'"),
        ("user_id,item_id,label\nada,i1,2\n", ITEMS, r"line 2 of .*: the label '2' is neither 1 \(click\)"),
        ("user_id,item_id,kind\nada,i1,poke\n", ITEMS, "poke"),
        ("user_id,item_id\nada,\n", ITEMS, "the item id is missing"),
        ("user_id,item_id,time\nada,i1,soon\n", ITEMS, "'soon' cannot be read as a time"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named_with_what_there_is(
    tmp_path: Path, behavior: str, items: str | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, behavior, items)


def test_it_needs_a_folder_of_text_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="pass folder="):
        datasets.load("csv-folder")
    with pytest.raises(DataError, match="there is no folder 7"):
        datasets.load("csv-folder", folder=7)
    (tmp_path / "item_data.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "user_behavior_data.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError):
        datasets.load("csv-folder", folder=tmp_path)
