from __future__ import annotations

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import Catalog, Item
from lifelong_widgets.errors import DataError, DataWarning, UnknownItemError
from lifelong_widgets.journal.entries import to_json
from lifelong_widgets.journal.schema import LONGEST_CELL

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def shop() -> Catalog:
    frame = pd.DataFrame(
        {
            "item": ["b1", "b2", "b3"],
            "title": ["Fog", "Tide", None],
            "categories": ["Crime|Sea", None, " Poetry | Poetry |"],
            "blurb": ["grey", None, "short"],
            "year": [1999.0, np.nan, 2001.0],
            "cover": ["fog.png", None, ""],
        }
    )
    return Catalog.from_pandas(frame, text=("blurb", "year"), image="cover")


def test_items_have_the_content_of_their_row(shop):
    assert shop["b1"] == Item("b1", "Fog", ("Crime", "Sea"), {"blurb": "grey", "year": "1999"}, "fog.png")
    assert shop["b2"] == Item("b2", "Tide", (), {"blurb": "", "year": ""})
    assert shop["b3"] == Item("b3", "b3", ("Poetry",), {"blurb": "short", "year": "2001"})


def test_indices_follow_the_rows(shop):
    assert list(shop.ids) == ["b1", "b2", "b3"]
    assert [item.id for item in shop.slice(1, 3)] == ["b2", "b3"]
    assert shop.index.get("b3") == 2
    assert shop.categories == ["Crime", "Sea", "Poetry"]
    assert shop.text_columns == ("blurb", "year")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (["Crime", "Sea"], ("Crime", "Sea")),
        (("Crime", "Crime", ""), ("Crime",)),
        (np.array(["Crime"], dtype=object), ("Crime",)),
        ({"Sea", "Crime"}, ("Crime", "Sea")),
        ("['Crime', \"Children's\"]", ("Crime", "Children's")),
        ("[]", ()),
        ("[draft]", ("[draft]",)),
        ("[[1], __import__('os')]", ("[[1], __import__('os')]",)),
        ("[" * 200 + "]" * 200, ("[" * 200 + "]" * 200,)),
        (3, ("3",)),
        (None, ()),
        ("", ()),
    ],
)
def test_categories_come_as_lists_or_as_strings(cell, expected):
    assert Catalog.from_pandas(pd.DataFrame({"item": [1], "categories": [cell]}))[1].categories == expected


def test_without_titles_the_ids_are_shown():
    assert Catalog.from_pandas(pd.DataFrame({"item": [7]}))[7].title == "7"


def test_integer_ids_are_plain_integers_from_any_dtype():
    for dtype in ("int64", "uint8", "Int32", object, "category"):
        ids = Catalog.from_pandas(pd.DataFrame({"item": pd.Series([3, 1], dtype=dtype)})).ids
        assert list(ids) == [3, 1]
        assert {type(id) for id in ids} == {int}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            {"items": ["a"]},
            r"no column 'item' for the item ids; did you mean 'items'\? The columns are 'items'",
        ),
        ({"item": []}, "no items"),
        ({"item": ["a", "b", "a"]}, r"column 'item', row 0 and row 2 have the same item id 'a'"),
        ({"item": ["a", None]}, "column 'item', row 1: the item id is missing"),
        ({"item": [1.0, np.nan]}, "column 'item', row 1: the item id is missing"),
        ({"item": [1.0, 2.0]}, r"column 'item': the item ids are float64, such as 1\.0.*astype\('int64'\)"),
        ({"item": [True, False]}, "column 'item': the item ids are bool"),
        ({"item": pd.Series([1, 1.0], dtype=object)}, "column 'item', row 1: the item id 1.0 is a float"),
        ({"item": pd.Series([1, True], dtype=object)}, "column 'item', row 1: the item id True is a bool"),
        ({"item": pd.Series(["a", ["b"]], dtype=object)}, r"column 'item', row 1: \['b'\] is a list"),
        (
            {"item": pd.Series(["a", ""], dtype=object)},
            "column 'item', row 1: the item id is an empty string",
        ),
        ({"item": pd.to_datetime(["2024-05-01"])}, "column 'item', row 0: the item id .* is a Timestamp"),
        ({"item": [196, "196"]}, "the item '196' is a string, but 196 is known as an integer"),
    ],
)
def test_an_unusable_table_is_refused_with_place_and_remedy(frame, message):
    with pytest.raises(DataError, match=message):
        Catalog.from_pandas(pd.DataFrame(frame))


def test_rows_are_named_by_position_and_by_label():
    with pytest.raises(DataError, match=r"row 1 \(index label 'y'\)"):
        Catalog.from_pandas(pd.DataFrame({"item": ["a", None]}, index=["x", "y"]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"title": "name"}, "no column 'name' for the titles"),
        ({"categories": "genres"}, "no column 'genres' for the categories"),
        ({"text": "blurb"}, "no column 'blurb'"),
        ({"text": ("title",)}, "'title' cannot be a text column"),
        ({"text": ("a", "a")}, "named twice"),
        ({"image": "cover"}, "no column 'cover' for the images"),
    ],
)
def test_a_column_that_was_asked_for_must_be_there(columns, message):
    with pytest.raises(DataError, match=message):
        Catalog.from_pandas(pd.DataFrame({"item": ["a"]}), **columns)


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(DataError, match="2 columns called 'item'"):
        Catalog.from_pandas(pd.DataFrame([["a", "b"]], columns=["item", "item"]))


def test_something_that_is_no_frame_is_refused():
    with pytest.raises(DataError, match="not a dict"):
        Catalog.from_pandas({"item": ["a"]})


# ---- growing


def test_items_are_added_in_many_forms(shop):
    assert shop.add({"item": "b4", "title": "Sand", "categories": ["Sea"], "blurb": "dry"}) == 1
    assert shop.add(pd.DataFrame({"item": ["b5", "b6"], "year": [np.nan, 2003.0]})) == 2
    assert shop.add(Item("b7", "Dune grass")) == 1
    assert shop.add([{"item": "b8"}, Item("b9", "Reed")]) == 2
    assert shop.add(Catalog.from_records([{"item": "b10"}])) == 1
    assert shop.add([]) == 0
    assert [item.id for item in shop.slice(3)] == ["b4", "b5", "b6", "b7", "b8", "b9", "b10"]
    assert shop["b6"] == Item("b6", "b6", (), {"blurb": "", "year": "2003"})
    assert shop["b4"].texts == {"blurb": "dry", "year": ""}


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([{"item": "b4"}, {"item": "b1"}], "row 1: the item 'b1' is already in the catalogue"),
        ([{"item": "b4"}, {"item": "b4"}], "rows 0 and 1 have the same item id 'b4'"),
        ([{"item": "b4"}, {"item": None}], "row 1: the item id is missing"),
        ([{"item": "b4"}, {"titel": "x"}], "row 1: unknown column 'titel'; did you mean 'title'"),
        ([{"item": "b4"}, {"title": "x"}], "row 1: the key 'item'"),
        ([{"item": "b4"}, 7], "row 1: an item is a mapping"),
        ([Item("b4", "x"), Item("b5", "x", texts={"smell": "salt"})], "row 1: unknown column 'smell'"),
        ({"item": 1.0}, "the item id 1.0 is a float"),
        ("b4", "an item is a mapping"),
        (7, "an item is a mapping"),
        (pd.DataFrame({"item": ["b4", "b4"]}), "rows 0 and 1"),
        (pd.DataFrame({"id": ["b4"]}), "unknown column 'id'"),
    ],
)
def test_a_refused_addition_leaves_the_catalogue_as_it_was(shop, items, message):
    before = shop.to_records()
    with pytest.raises(DataError, match=message):
        shop.add(items)
    assert shop.to_records() == before
    assert list(shop.ids) == ["b1", "b2", "b3"]
    assert "b4" not in shop


def test_a_catalogue_can_start_empty():
    shop = Catalog(text="blurb")
    assert len(shop) == 0
    shop.add({"item": 1, "blurb": "first"})
    assert shop[1].texts == {"blurb": "first"}
    assert shop.to_pandas().shape == (1, 7)


def test_when_items_were_released_is_read_in_any_writing_and_kept():
    frame = pd.DataFrame({"item": [1, 2, 3], "released": ["1970-01-02", None, "1970-01-01T00:01:00+01:00"]})
    shop = Catalog.from_pandas(frame)
    assert [item.released for item in shop] == [86400.0, None, -3540.0]
    shop.add([{"item": 4, "released": pd.Timestamp("1970-01-03")}, {"item": 5, "released": 7}])
    shop.add(pd.DataFrame({"item": [6, 7], "released": [pd.Timestamp(0), pd.NaT]}))
    found = [item.released for item in shop][3:]
    assert found == [172800.0, 7.0, 0.0, None] and all(type(time) in (float, type(None)) for time in found)
    for again in (Catalog.from_records(shop.to_records()), Catalog.from_pandas(shop.to_pandas())):
        assert list(again) == list(shop)


@pytest.mark.parametrize("time", ["soon", 1e15, float("inf"), True, [1.0]])
def test_a_time_of_release_that_is_none_is_refused(shop, time):
    before = shop.to_records()
    with pytest.raises(DataError, match="released"):
        shop.add([{"item": "b7"}, {"item": "b8", "released": time}])
    with pytest.raises(DataError, match="released"):
        Catalog.from_pandas(pd.DataFrame({"item": ["x"], "released": [time]}))
    assert shop.to_records() == before


def test_a_subset_is_a_catalogue_of_its_own(shop):
    part = shop.subset(["b3", "b1"])
    part.add({"item": "b9"})
    assert list(part.ids) == ["b3", "b1", "b9"]
    assert "b9" not in shop
    assert part.text_columns == shop.text_columns
    with pytest.raises(UnknownItemError, match="'b99'"):
        shop.subset(["b99"])


# ---- reading


def test_an_unknown_item_names_the_closest():
    shop = Catalog.from_records([{"item": "lighthouse"}, {"item": "harbour"}])
    with pytest.raises(
        UnknownItemError, match=r"no item 'lighthose' in .*; did you mean 'lighthouse'.*catalog.add"
    ):
        shop["lighthose"]
    with pytest.raises(UnknownItemError, match="in the catalogue of 2 items; add it first"):
        shop["zzz"]


def test_an_id_of_the_other_type_says_so():
    with pytest.raises(DataError, match="pass 7"):
        Catalog.from_records([{"item": 7}])["7"]


def test_what_a_catalogue_holds_is_shown_as_text():
    shop = Catalog.from_records(
        [{"item": HOSTILE, "title": HOSTILE, "categories": [HOSTILE], HOSTILE: HOSTILE}]
    )
    shown = shop._repr_html_()
    assert "<img" not in shown
    assert shown.count("&lt;img src=x onerror=alert(1)&gt;") == 5  # and the text column's name


def test_enormous_titles_are_kept_but_not_shown():
    shop = Catalog.from_records(
        [{"item": "a" * 1000, "title": "long " * 500_000, "categories": ["c" * 10**6]}]
    )
    assert len(next(iter(shop)).title) == 2_500_000
    assert len(shop._repr_html_()) < 2_000
    assert len(repr(shop)) < 200
    with pytest.raises(UnknownItemError) as caught:
        shop["b" * 1000]
    assert len(str(caught.value)) < 500


LONG = "t" * 4_000_001


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": LONG}, "title"),
        ({"blurb": LONG}, "'blurb'"),
        ({"image": LONG}, "image"),
        ({"audio": LONG}, "audio"),
        ({"categories": ["c", LONG]}, "categories"),
        ({"categories": [f"c{n}" for n in range(800_000)]}, "categories"),
        ({"title": LONG[:2_000_000], "blurb": LONG[:2_000_001]}, "'blurb'"),
        ({"title": "t" * (70 << 20)}, "title"),
    ],
)
def test_an_item_that_no_journal_could_hold_is_refused_with_all_that_came_with_it(fields, field):
    shop = Catalog.from_records([{"item": "b1"}], text="blurb")
    before = (list(shop), list(shop.ids))
    message = rf"the item 'b3' has .* of them in {field}; there can be 4,000,000"
    for item in ({"item": "b3", **fields}, Item("b3", **{"title": "", **_as_item(fields)})):
        with pytest.raises(DataError, match=f"row 1: {message}") as caught:
            shop.add([{"item": "b2"}, item])
        assert len(str(caught.value)) < 300
        with pytest.raises(DataError, match=f"^{message}"):
            shop.add(item)
    with pytest.raises(DataError, match=f"row 1: {message}"):
        Catalog.from_records([{"item": "b2"}, {"item": "b3", **fields}], text="blurb")
    columns = {"item": ["b2", "b3"], **{name: ["", value] for name, value in fields.items()}}
    named = {name: name for name in ("image", "audio") if name in fields}
    with pytest.raises(DataError, match=f"row 1: {message}"):
        Catalog.from_pandas(pd.DataFrame(columns), text=[*({"blurb"} & set(fields))], **named)
    assert (list(shop), list(shop.ids)) == before
    assert shop.add({"item": "b3", "title": "short"}) == 1


def _as_item(fields):
    texts = {"blurb": fields["blurb"]} if "blurb" in fields else {}
    plain = {name: value for name, value in fields.items() if name not in ("blurb", "categories")}
    return {**plain, "texts": texts, "categories": tuple(fields.get("categories", ()))}


def test_the_longest_item_has_room_in_a_journal():
    """In bytes: a control character, six of them as JSON, is the longest that there is."""
    columns = [f"{n:04}" + "\x1f" * 996 for n in range(1_000)]
    long = {"item": 1, "title": "\x1f" * 2_000_000, "categories": [f"c{n}" for n in range(250_000)]}
    shop = Catalog.from_records([long], text=columns)
    assert len(to_json(shop.to_records()[0]).encode()) < LONGEST_CELL // 2


def test_what_no_file_can_store_is_replaced():
    shop = Catalog.from_records([{"item": 1, "title": "a\ud800b", "categories": ["\udfff", "Ж"]}])
    assert shop[1].title == "a?b"
    assert shop[1].categories == ("?", "Ж")


def test_only_the_first_rows_are_shown():
    shop = Catalog.from_records([{"item": f"b{n}"} for n in range(1000)])
    assert "b9<" in shop._repr_html_()
    assert "b10<" not in shop._repr_html_()
    assert "990 more" in shop._repr_html_()


# ---- round trips

plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
records = st.lists(
    st.fixed_dictionaries(
        {
            "item": plain.filter(bool) | st.integers(-(2**63), 2**63 - 1),
            "title": plain.filter(bool),
            "blurb": plain,
        },
        optional={"image": plain.filter(bool), "audio": plain.filter(bool)},
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda record: str(record["item"]),
)


@given(records)
def test_records_survive_json(some):
    before = Catalog.from_records(some, text="blurb")
    after = Catalog.from_records(json.loads(json.dumps(before.to_records())), text=before.text_columns)
    assert list(after) == list(before)


@given(records, st.lists(st.lists(plain, max_size=3), min_size=8, max_size=8))
def test_frames_go_there_and_back(some, categories):
    before = Catalog.from_records(
        [{**record, "categories": names} for record, names in zip(some, categories, strict=False)],
        text="blurb",
    )
    after = Catalog.from_pandas(before.to_pandas(), text="blurb", image="image", audio="audio")
    assert list(after) == list(before)
    assert len(after) == len(some)


# ---- what a file could bring along


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"item": 1, "title": {"a": 1}}, r"row 1: title: \{'a': 1\} is a dict, not a text"),
        ({"item": 1, "title": b"Fog"}, "row 1: title: b'Fog' is a bytes"),
        ({"item": 1, "image": [1]}, r"row 1: image: \[1\] is a list"),
        ({"item": 1, "categories": [["a"]]}, r"row 1: a category: \['a'\] is a list"),
        ({"item": 1, "title": 10**5000}, "row 1: title: an int too large to print"),
        ({"item": "7"}, "row 1: the item '7' is a string, but 7 is known as an integer"),
    ],
)
def test_a_record_with_something_else_than_text_is_named(record, message):
    shop = Catalog.from_records([{"item": 7}])
    with pytest.raises(DataError, match=message):
        shop.add([{"item": "a"}, record])
    assert list(shop.ids) == [7]


@pytest.mark.parametrize("name", [5, "", "\ud800", None, ["a"]], ids=repr)
def test_a_text_column_is_called_by_a_string_that_can_be_stored(name):
    with pytest.raises(DataError, match="text column"):
        Catalog(text=[name])


def test_there_are_not_more_texts_than_can_be_used():
    with pytest.raises(DataError, match="100,000 text columns; there can be 1,000"):
        Catalog.from_records([{"item": 1, **{f"t{n}": "x" for n in range(100_000)}}])


def test_a_frame_with_two_columns_of_one_name_is_not_added():
    with pytest.raises(DataError, match="there are 2 columns called 'item'"):
        Catalog().add(pd.DataFrame([[1, 2]], columns=["item", "item"]))


@pytest.mark.parametrize(
    "cell", ["[0x" + "f" * 9000 + "]", "[" * 4000 + "]" * 4000, r"['\d']"], ids=["hex", "deep", "escape"]
)
def test_a_cell_that_looks_like_a_list_does_no_harm(cell, recwarn):
    shop = Catalog.from_pandas(pd.DataFrame({"item": [1], "categories": [cell]}))
    assert len(shop[1].categories) == 1
    assert not recwarn


def test_a_text_column_may_be_called_released_and_is_a_text_then() -> None:
    frame = pd.DataFrame({"item": [1, 2], "released": ["in spring, they say", "1999"]})
    shop = Catalog.from_pandas(frame, text="released")
    assert [(item.released, item.texts) for item in shop] == [
        (None, {"released": "in spring, they say"}),
        (None, {"released": "1999"}),
    ]
    again = Catalog.from_records(shop.to_records(), text=shop.text_columns)
    again.add({"item": 3, "released": "never"})
    assert again.to_pandas()["released"].tolist() == ["in spring, they say", "1999", "never"]
    with pytest.raises(DataError, match="released"):
        Catalog.from_pandas(frame.assign(since=7), text="released", released="since")
    with pytest.raises(DataError, match="released"):
        Catalog.from_pandas(frame)


def test_a_frame_in_the_constructor_is_sent_to_the_right_door() -> None:
    """Bug: `Catalog(frame)` was an empty catalogue whose text columns were those of the frame."""
    with pytest.raises(DataError, match=r"Catalog\.from_pandas\(frame, item=…"):
        Catalog(pd.DataFrame({"item": [1]}))  # type: ignore[arg-type]
    with pytest.raises(DataError, match="from_records"):
        Catalog([{"item": 1}])  # type: ignore[list-item]


def test_a_separator_that_is_probably_another_is_told() -> None:
    cells = ["Crime;Sea", "Poetry", "Crime;Town", None]
    frame = pd.DataFrame({"item": range(4), "Genre(s)": cells})
    with pytest.warns(DataWarning, match=r"column 'Genre\(s\)'.*';'.*category_separator=';'") as heard:
        Catalog.from_pandas(frame, categories="Genre(s)")
    assert heard[0].filename == __file__  # not a line of the package
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Catalog.from_pandas(frame, categories="Genre(s)", category_separator=";")
        Catalog.from_pandas(frame.assign(categories=["Food, drink", "Sea", "Town", "Crime|Sea"]))
        Catalog.from_pandas(frame.assign(categories=["Food, drink", "Sea", "Town", "Crime"]))
        Catalog.from_pandas(frame.assign(categories="['Crime', 'Sea']"))


def test_columns_of_words_that_nobody_named_are_told_once() -> None:
    """Bug: of items with a column "plot" nothing but the ids was learned, without a word."""
    frame = pd.DataFrame(
        {
            "item": range(3),
            "title": ["Fog at Sea", "A Long Tide", "Sand and Salt"],
            "plot": ["Grey it is.", None, "It is cold."],
            "简介": ["一个关于海的故事", "一个关于山的故事", "一个关于风的故事"],
            "picture": ["https://shop.example/fog/at/sea.png", "b_c.png", "c.png"],
            "made": ["2024-05-01 12:00", "2024-05-02 12:00", ""],
            "price": [1.0, 2.0, 3.0],
        }
    )
    said = r"columns 'plot', '简介' hold words and are not read: say text=\['plot', '简介'\]"
    with pytest.warns(DataWarning, match=said) as heard:
        assert Catalog.from_pandas(frame).text_columns == ()
    assert [one.filename for one in heard] == [__file__]
    with pytest.warns(DataWarning, match=r"column 'name' holds words and is not read: say text=\['name'\]"):
        Catalog.from_pandas(frame[["item", "title"]].rename(columns={"title": "name"}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Catalog.from_pandas(frame, text=[])
        Catalog.from_pandas(frame, text="plot")  # who names one has chosen
        Catalog.from_pandas(frame, text=frame.columns[2:3])
        Catalog.from_pandas(
            pd.DataFrame({"item": range(99), "gene": ["ACGT" * 100_000] * 99})
        )  # is soon told
        Catalog.from_pandas(frame.drop(columns=["plot", "简介"]))


def test_repeated_ids_are_counted_and_name_the_remedy() -> None:
    frame = pd.DataFrame({"sku": ["a", "b", "a", "b"]})
    with pytest.raises(DataError, match=r"item id 'a' \(and 1 other\).*frame\.drop_duplicates\('sku'\)"):
        Catalog.from_pandas(frame, item="sku")


def test_an_argument_that_no_item_has_names_those_there_are() -> None:
    frame = pd.DataFrame({"item": [1], "price": [9]})
    with pytest.raises(DataError, match=r"a catalogue has no 'price'.*text=\[…, 'price'\]"):
        Catalog.from_pandas(frame, price="price")
    with pytest.raises(DataError, match="did you mean 'image'"):
        Catalog.from_pandas(frame, images="price")
