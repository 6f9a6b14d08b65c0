"""Python objects: frames, records, single events, kinds."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lifelong_widgets.data import Catalog
from tests.fuzz.case import EITHER, Case, Fate, Loader, loaded, refused
from tests.fuzz.loaders import (
    ADD,
    CATALOG_FRAME,
    FEEDBACK,
    KINDS_DICT,
    LOG_FRAME,
    RECORDS,
)
from tests.fuzz.values import (
    ALL,
    LONG,
    TEXTS,
    id_is_right,
    number_is_right,
    text_is_right,
    time_is_right,
)

LOG = {
    "user": ["ada", "bob"],
    "item": ["b1", "b2"],
    "time": [1, 2],
    "kind": ["like", "click"],
    "value": [1.0, 2.0],
}
ITEMS: dict[str, list[Any]] = {
    "item": ["b1", "b2"], "title": ["Fog", "Tide"], "categories": [["Sea"], "Sea|Crime"],
    "image": ["a.png", ""], "audio": [None, "a.ogg"], "blurb": ["Grey.", "Wet."],
}  # fmt: skip
OPTIONS = {"image": "image", "audio": "audio", "text": "blurb"}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, value in ALL.items():
        for about in (_cells, _arguments, _events, _kinds):
            yield from (dataclasses.replace(case, bulk=True) for case in about(name, value))
    yield from _frames()
    yield from _records()
    many = {f"k{n}": {"name": f"k{n}"} for n in range(40_000)}
    yield _case(KINDS_DICT, "40,000 kinds", many, refused("40,000 kinds"))
    yield _case(KINDS_DICT, "a name and another", {"like": {"name": "click"}}, refused("is listed as 'like'"))
    yield _case(KINDS_DICT, "nothing", {}, loaded())
    yield _case(KINDS_DICT, "an unknown field", {"a": {"name": "a", "code": "x"}}, refused("code"))


def _cells(name: str, value: Any) -> Iterator[Case]:
    rights: dict[str, Callable[[Any], bool | None]] = {
        "user": id_is_right, "item": id_is_right, "time": time_is_right, "value": number_is_right,
    }  # fmt: skip
    for field in LOG:
        right = rights[field](value) if field in rights else None
        # NumPy's and others' kinds of an id become Python's; that of missing is not told apart
        fate = _fate(right, f"column '{field}', row 1")
        yield _made(LOG_FRAME, f"{field}: {name}", lambda field=field: (_with(LOG, field, value), {}), fate)
        yield _made(
            LOG_FRAME,
            f"{field} throughout: {name}",
            lambda field=field: (_throughout(LOG, field, value), {}),
            EITHER,
        )
    for field in ITEMS:
        if field == "item":
            fate = _fate(id_is_right(value), "row 1")
        elif field == "categories":
            fate = EITHER
        else:
            fate = _fate(text_is_right(value), f"column '{field}', row 1")
        yield _made(
            CATALOG_FRAME, f"{field}: {name}", lambda field=field: (_with(ITEMS, field, value), OPTIONS), fate
        )
        record = {"item": "b9", field: value}
        place = "" if field in ("item", "categories") else field
        fate = (
            EITHER
            if field == "categories"
            else _fate(id_is_right(value) if field == "item" else text_is_right(value), place)
        )
        yield _case(RECORDS, f"{field}: {name}", ([record], {"text": "blurb"}), fate)
        yield Case(ADD, f"{field}: {name}", _adding([{"item": "b8"}, record]), fate)


def _arguments(name: str, value: Any) -> Iterator[Case]:
    for argument in ("user", "item", "time", "kind", "value", "kinds", "catalog"):
        yield _made(
            LOG_FRAME, f"{argument}= {name}", lambda argument=argument: (pd.DataFrame(LOG), {argument: value})
        )
    for argument in ("item", "title", "categories", "image", "audio", "text", "category_separator"):
        yield _made(
            CATALOG_FRAME,
            f"{argument}= {name}",
            lambda argument=argument: (pd.DataFrame(ITEMS), {argument: value}),
        )
    yield _made(CATALOG_FRAME, f"text=[…] {name}", lambda: (pd.DataFrame(ITEMS), {"text": [value]}))
    yield _case(LOG_FRAME, f"the frame is {name}", (value, {}), EITHER)
    yield _case(CATALOG_FRAME, f"the frame is {name}", (value, {}), EITHER)
    yield _case(RECORDS, f"the records are {name}", (value, {}))
    yield _case(RECORDS, f"a record is {name}", ([value], {}))
    yield Case(ADD, f"the items are {name}", _adding(value))
    yield Case(ADD, f"an item is {name}", _adding([{"item": "b8"}, value]))
    try:
        keyed = {"item": "b9", value: "x"}
    except (TypeError, ValueError):  # no key
        return
    yield _case(RECORDS, f"a key is {name}", ([keyed], {}))
    yield Case(ADD, f"a key is {name}", _adding([keyed]))
    yield _made(LOG_FRAME, f"a label is {name}", lambda: (_labelled(value), {}))


def _events(name: str, value: Any) -> Iterator[Case]:
    event = {"user": "ada", "item": "b1"}
    for field in ("user", "item"):
        yield _case(FEEDBACK, f"{field}: {name}", {**event, field: value}, _fate(id_is_right(value), field))
    for field, fate in (
        ("kind", _fate(id_is_right(value) and isinstance(value, str), "kind")),
        (
            "time",
            _fate(
                True if value is None else False if isinstance(value, str) else time_is_right(value), "time"
            ),
        ),
        (
            "value",
            _fate(
                value is None or (value == value and number_is_right(value))
                if isinstance(value, (float, int, type(None)))
                else number_is_right(value),
                "value",
            ),
        ),
        ("shown", EITHER),
        ("id", _fate(value is None or (id_is_right(value) and isinstance(value, str)), "id of a feedback")),
    ):
        yield _case(FEEDBACK, f"{field}: {name}", {**event, field: value}, fate)
    fate = _fate(id_is_right(value), "shown item")
    yield _case(FEEDBACK, f"shown: a list of {name}", {**event, "shown": ["b1", value]}, fate)


def _kinds(name: str, value: Any) -> Iterator[Case]:
    kind = {"name": "like", "weight": 1.0, "positive": True, "consumes": False, "label": "Like"}
    for field in kind:
        yield _case(KINDS_DICT, f"{field}: {name}", {"like": {**kind, field: value}})
    yield _case(KINDS_DICT, f"the mapping is {name}", value)
    yield _case(KINDS_DICT, f"a kind is {name}", {"like": value})


def _frames() -> Iterator[Case]:
    events = pd.DataFrame(LOG)
    for name, frame, fate in (
        ("empty", pd.DataFrame(), refused("no events")),
        ("no rows", events.head(0), refused("no events")),
        (
            "one label for all",
            pd.DataFrame([["a"] * 5], columns=["user"] * 5),
            refused("5 columns called 'user'"),
        ),
        ("labels of two levels", pd.concat({"a": events}, axis=1), refused("no column 'user'")),
        ("an index of duplicates", events.set_index(pd.Index([7, 7])), loaded()),
        ("an index of two levels", events.set_index(["value", "kind"], drop=False), loaded()),
        ("categories", events.astype("category"), loaded()),
        ("categories of floats", events.assign(user=pd.Categorical([1.0, 2.0])), refused("column 'user'")),
        (
            "nullable integers",
            events.assign(user=pd.array([1, None], "Int64")),
            refused("the user id is missing"),
        ),
        ("nullable truth", events.assign(time=pd.array([True, None], "boolean")), refused("truth values")),
        ("durations", events.assign(time=pd.to_timedelta([1, 2], "s")), refused("timedelta64")),
        ("durations as values", events.assign(value=pd.to_timedelta([1, 2], "s")), refused("timedelta64")),
        ("datetimes as values", events.assign(value=pd.to_datetime([1, 2], unit="s")), refused("datetime64")),
        ("truth values as values", events.assign(value=[True, False]), refused("truth values")),
        ("periods", events.assign(time=pd.period_range("2024", periods=2)), refused("period")),
        ("intervals", events.assign(time=pd.interval_range(0, 2)), refused("interval")),
        ("complex times", events.assign(time=[1 + 2j, 2j]), refused("complex")),
        ("sparse times", events.assign(time=pd.arrays.SparseArray([1.0, 2.0])), loaded()),
        ("sparse users", events.assign(user=pd.arrays.SparseArray([1, 2])), loaded()),
        ("Arrow's strings", events.convert_dtypes(dtype_backend="pyarrow"), loaded()),
        ("a user and their twin", events.assign(user=pd.Series(["7", 7], dtype=object)), refused("row 1")),
        (
            "a string and NumPy's",
            events.assign(user=pd.Series(["a", np.str_("a")], dtype=object)),
            loaded(lambda log: log.users == ["a"]),
        ),
        ("times out of order", events.assign(time=[2, 1]), loaded(lambda log: log.users == ["bob", "ada"])),
        ("numbers and strings of numbers", events.assign(time=pd.Series([1, "2"], dtype=object)), loaded()),
        (
            "epoch seconds and dates",
            events.assign(time=pd.Series([86_400, "1970-01-03"], dtype=object)),
            loaded(lambda log: log.times.tolist() == [86_400.0, 172_800.0]),
        ),
        (
            "all of one million equal events",
            events.loc[np.zeros(10**5, int)],
            loaded(lambda log: len(log) == 10**5),
        ),
        ("5,000 columns", pd.DataFrame({**LOG, **{f"c{n}": [0, 0] for n in range(5000)}}), loaded()),
    ):
        yield _case(LOG_FRAME, name, (frame, {}), fate)
    long = [c * 500_000 for c in string.ascii_lowercase[:2]]
    yield _case(
        LOG_FRAME,
        "a label of a million characters",
        (events.rename(columns={"user": long[0]}), {"user": long[0] + "x"}),
        refused("no column"),
    )
    columns = {"item": ["a"], **{f"t{n}": ["x"] for n in range(1001)}}
    yield _case(
        CATALOG_FRAME,
        "1,001 texts",
        (pd.DataFrame(columns), {"text": list(columns)[1:]}),
        refused("1,001 text columns"),
    )
    few = {name: columns[name] for name in list(columns)[:101]}
    yield _case(CATALOG_FRAME, "100 texts", (pd.DataFrame(few), {"text": list(few)[1:]}), loaded())


def _records() -> Iterator[Case]:
    for name, records, fate in (
        ("none", [], loaded(lambda catalog: len(catalog) == 0)),
        ("the same id twice", [{"item": 1}, {"item": 2}, {"item": 1}], refused("rows 0 and 2")),
        (
            "an id and its twin",
            [{"item": 1}, {"item": "1"}],
            refused("row 1: the item '1' is a string, but 1"),
        ),
        ("no id", [{"item": 1}, {"title": "a"}], refused("row 1: the key 'item'")),
        ("ids as paths", [{"item": "../../x"}, {"item": "/etc/passwd"}, {"item": "C:\\x"}], loaded()),
        (
            "100,000 keys",
            [{"item": 1, **{f"k{n}": "x" for n in range(100_000)}}],
            refused("100,000 text columns"),
        ),
        ("100,000 categories", [{"item": 1, "categories": [f"c{n}" for n in range(100_000)]}], loaded()),
        (
            "a category a million times",
            [{"item": 1, "categories": ["c"] * 10**6}],
            loaded(lambda c: c[1].categories == ("c",)),
        ),
        ("titles of a million characters", [{"item": n, "title": LONG} for n in range(3)], loaded()),
        (
            "one item of five million",
            [{"item": 1}, {"item": 2, "title": LONG, "categories": [f"{LONG}{n}" for n in range(4)]}],
            refused("row 1: the item 2 has 5,000,008 characters, 4,000,008 of them in categories"),
        ),
        (
            "all texts",
            [{"item": n, "title": t, "blurb": t, "categories": [t]} for n, t in enumerate(TEXTS.values())],
            loaded(),
        ),
        ("a key of a surrogate", [{"item": 1, "\ud800": "x"}], refused("lone surrogate")),
        ("an empty key", [{"item": 1, "": "x"}], refused("name of a text column is an empty string")),
    ):
        yield _case(RECORDS, name, (records, {}), fate)
    for name, items, fate in (
        (
            "an item that is there",
            [{"item": "b8"}, {"item": "b1"}],
            refused("row 1: the item 'b1' is already"),
        ),
        ("the same id twice", [{"item": "b8"}, {"item": "b9"}, {"item": "b8"}], refused("rows 0 and 2")),
        (
            "a twin of one that is there",
            [{"item": "b8"}, {"item": "77"}],
            refused("row 1: the item '77' is a string"),
        ),
        ("a twin within", [{"item": 8}, {"item": "8"}], refused("row 1")),
        ("an unknown key", [{"item": "b8"}, {"item": "b9", "titel": "x"}], refused("did you mean 'title'?")),
        ("an unknown key of a million characters", [{"item": "b9", LONG: "x"}], refused("unknown column")),
        ("a frame", pd.DataFrame({"item": ["b8", "b9"]}), loaded()),
        (
            "a frame of two columns alike",
            pd.DataFrame([["b8", "x"]], columns=["item", "item"]),
            refused("2 columns"),
        ),
        ("a frame of unknown columns", pd.DataFrame({"item": ["b8"], 5: ["x"]}), refused("unknown column 5")),
        ("the catalogue itself", None, refused("already in the catalogue")),
    ):
        yield Case(ADD, name, _adding(items, itself=items is None), fate)


def _adding(items: Any, itself: bool = False) -> Callable[[Path], Any]:
    def make(_: Path) -> tuple[Catalog, Any]:
        catalog = Catalog.from_records([{"item": "b1", "blurb": "Grey."}, {"item": 77}])
        return catalog, catalog if itself else items

    return make


def _fate(right: bool | None, message: str) -> Fate:
    return EITHER if right is None else loaded() if right else refused(message)


def _case(loader: Loader, name: str, given: Any, fate: Fate = EITHER) -> Case:
    return Case(loader, name, lambda _: given, fate)


def _made(loader: Loader, name: str, make: Callable[[], Any], fate: Fate = EITHER) -> Case:
    return Case(loader, name, lambda _: make(), fate)


def _with(columns: dict[str, list[Any]], field: str, value: Any) -> pd.DataFrame:
    """The columns as a frame, with `value` in the second cell of one."""
    frame = pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})
    cells = frame[field].tolist()
    frame[field] = _objects([cells[0], value])
    return frame


def _throughout(columns: dict[str, list[Any]], field: str, value: Any) -> pd.DataFrame:
    """As pandas itself makes a column of it."""
    frame = pd.DataFrame(columns)
    try:
        frame[field] = pd.Series([value, value])
    except (ValueError, TypeError, OverflowError):
        frame[field] = _objects([value, value])
    return frame


def _objects(cells: list[Any]) -> pd.Series[Any]:
    column = np.empty(len(cells), dtype=object)
    for position, cell in enumerate(cells):
        column[position] = cell
    return pd.Series(column, dtype=object)


def _labelled(label: Any) -> pd.DataFrame:
    """A log with one more column, which is called `label`."""
    labels = pd.Index([*LOG, label], dtype=object, tupleize_cols=False)
    return pd.DataFrame([["a", "b", 1, "like", 2, 0]], columns=labels)
