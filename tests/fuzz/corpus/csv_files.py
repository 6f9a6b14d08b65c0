"""CSV and tab-separated files, as logs and as catalogues."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.fuzz.case import EITHER, Case, Fate, loaded, refused
from tests.fuzz.corpus.files import written
from tests.fuzz.loaders import CATALOG_FILE, LOG_FILE
from tests.fuzz.values import LONG, TEXTS, id_is_right

LOG = "user,item,time,kind,value\nada,b1,2024-05-01,like,5\nbob,b2,2024-05-02T10:00:00+02:00,click,\n"
ITEMS = "item,title,categories,blurb\nb1,Fog,Crime|Sea,Grey.\nb2,Tide,\"['Poetry', 'Sea']\",Wet.\n"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _broken_files()
    yield from _logs()
    yield from _catalogs()
    for name, text in TEXTS.items():
        yield _items(f"title: {name}", _row(["b1", text, text, text]), _text_arrives(text))
        if not id_is_right(text):
            yield _log(f"ids: {name}", _row([text, text, "1", "like", ""]), refused())
        elif "\0" not in text and "\r" not in text:
            fate = loaded(lambda log, text=text: log.users == [text] and log.items == [text])
            yield _log(f"ids: {name}", _row([text, text, "1", "like", ""]), fate)
    for step in range(0, len(LOG), 7):
        yield _log(f"cut at {step}", LOG[:step])
    for step in range(0, len(ITEMS), 7):
        yield _items(f"cut at {step}", ITEMS[:step])


def _broken_files() -> Iterator[Case]:
    for name, content, fate in (
        ("empty", b"", refused("is empty")),
        ("a line end", b"\n", refused("not a table")),
        ("a header only", b"user,item,time\n", refused("no rows")),
        ("random bytes", bytes(range(256)) * 40, refused("not UTF-8")),
        ("null characters", b"user,item,time\na\0b,b1,1\na,b1,2\n", refused("null character")),
        ("UTF-16", LOG.encode("utf-16"), refused("is UTF-16")),
        ("UTF-16 without a mark", LOG.encode("utf-16-le"), refused("null character")),
        ("UTF-8 with a mark", LOG.encode("utf-8-sig"), loaded(lambda log: len(log) == 2)),
        ("Latin-1", LOG.replace("bob", "Zoë").encode("latin-1"), refused("(byte 53, line 3)")),
        ("a surrogate in UTF-8", b"user,item,time\n\xed\xa0\x80,b1,1\n", refused("(byte 15, line 2)")),
        ("cut in a character", "user,item,time\nZo\u00eb".encode()[:-1], refused("not UTF-8")),
        ("gzip", b"\x1f\x8b\x08\0\0\0", refused("not UTF-8")),
        ("a zip bomb", b"PK\x03\x04" + bytes(1000), refused("null character")),
        ("a pickle", b"cposix\nsystem\n(S'touch pwned'\ntR.", refused()),
        ("lines of every end", LOG.replace("bob", "bob").encode().replace(b"5\n", b"5\r\n"), loaded()),
        ("lines of the old Mac", LOG.replace("\n", "\r").encode(), loaded(lambda log: len(log) == 2)),
        ("a cell of several lines", b'user,item,time\n"a\r\nb",b1,1\nc,,2\n', refused("row 1")),
        ("empty lines", b"user,item,time\n\n\na,b1,1\n\n,b1,2\n", refused("row 1")),
        ("a row too long", b"user,item,time\na,b1,1\na,b1,1,9\n", refused("line 3")),
        ("rows too long", b"user,item,time\na,b1,1,9\na,b1,1,9\n", refused("more cells than the header")),
        ("a row too short", b"user,item,time\na,b1,1\na,b1\n", refused("column 'time', line 3 of ")),
        ("a quote never closed", b'user,item,time\n"a,b1,1\nb,b1,2\n', refused("not a table")),
        ("a quote never closed in the header", b'"user,item,time\n' + b"a,b1,1\n" * 50_000, refused()),
        (
            "two columns alike",
            b"user,item,time,user\na,b1,1,b\n",
            refused("there are 2 columns called 'user'"),
        ),
        ("no names", b",,\na,b1,1\n", refused("no column 'user'")),
        ("names of spaces", b" user , item , time \na,b1,1\n", refused("no column 'user'")),
        ("semicolons", LOG.replace(",", ";").encode(), refused("no column 'user'")),
        ("only commas", b"," * 9999 + b"\n" + b"," * 9999, refused("no column 'user'")),
        ("HTML", b"<!DOCTYPE html><html><body>404</body></html>", refused("no rows")),
    ):
        yield Case(LOG_FILE, f"csv, {name}", written("log.csv", content), fate)
    yield Case(LOG_FILE, "tsv", written("log.tsv", LOG.replace(",", "\t").encode()), loaded())
    yield Case(LOG_FILE, "tsv, commas", written("log.tsv", LOG.encode()), refused("no column 'user'"))
    for name, make, fate in (
        ("a folder", _folder, refused("no file")),
        ("no file", lambda folder: folder / "log.csv", refused("no file")),
        ("a name too long", lambda folder: folder / ("log" + "x" * 5000 + ".csv"), refused()),
        ("a name with a null character", lambda folder: str(folder / "log\0.csv"), refused()),
        ("no path", lambda _: 5, EITHER),
        ("another suffix", written("log.xlsx", b"PK"), refused("neither .csv")),
        ("no suffix", written("log", LOG.encode()), refused("neither .csv")),
        ("a suffix in capitals", written("LOG.CSV", LOG.encode()), loaded()),
    ):
        yield Case(LOG_FILE, f"path, {name}", make, fate)
    yield Case(
        LOG_FILE,
        "csv, 100,000 columns",
        written("log.csv", lambda: b",".join(b"c%d" % n for n in range(100_000)) + b"\n" + b"1," * 99_999),
        refused("100,000 columns"),
    )
    yield Case(
        LOG_FILE,
        "csv, a header of 100 MB",
        written("log.csv", lambda: b"user,item,time," + b"x" * 10**8),
        refused("the first line of"),
    )
    yield Case(
        LOG_FILE,
        "csv, a line of 100 MB",
        written("log.csv", lambda: b"user,item,time\na,b," + b"1" * 10**8),
        refused("line 2"),
        megabytes=1500,
        bulk=True,
    )
    yield Case(
        LOG_FILE,
        "csv, short rows of 5,000 columns",
        written("log.csv", lambda: b",".join(b"c%d" % n for n in range(5000)) + b"\n1" * 200_000),
        refused("200,001 rows of 5,000 columns"),
    )


def _logs() -> Iterator[Case]:
    for name, rows, fate in (
        (
            "times out of order",
            ["a,b1,30,like,", "b,b1,10,like,"],
            loaded(lambda log: log.users == ["b", "a"]),
        ),
        ("times of the year 1", ["a,b1,0001-01-01,like,"], loaded()),
        ("times of the year 9999", ["a,b1,9999-12-31T23:59:59Z,like,"], loaded()),
        ("times of the year 10000", ["a,b1,10000-01-01,like,"], refused("column 'time', line 2 of '")),
        (
            "times of many zones",
            ["a,b1,2024-05-01T00:00+14:00,,", "b,b1,2024-05-01T00:00-12:00,,"],
            refused("kind"),
        ),
        (
            "numbers and dates",
            ["a,b1,1714521600,like,", "b,b1,2024-05-01,like,"],
            refused("'2024-05-01' cannot"),
        ),
        ("now", ["a,b1,now,like,"], refused("'now' cannot be read as a time")),
        ("milliseconds", ["a,b1,1714521600000,like,"], refused("divide milliseconds by 1000")),
        ("a time of 400 digits", [f"a,b1,{'9' * 400},like,"], refused("column 'time', line 2")),
        ("an infinite time", ["a,b1,inf,like,"], refused("column 'time', line 2")),
        ("no time", ["a,b1,,like,"], refused("the time is missing")),
        ("an infinite value", ["a,b1,1,like,inf"], refused("column 'value', line 2")),
        ("a huge value", ["a,b1,1,like,1e39"], refused("column 'value', line 2")),
        ("a value of letters", ["a,b1,1,like,many"], refused("column 'value', line 2")),
        ("a value nan", ["a,b1,1,like,nan"], refused("column 'value', line 2")),
        ("an unknown kind", ["a,b1,1,like,", "a,b1,1,lik,"], refused("column 'kind', line 3")),
        ("kinds that are ids", [f"a,b1,1,k{n}," for n in range(5000)], refused("column 'kind', line 2")),
        ("no user", [",b1,1,like,"], refused("column 'user', line 2 of '")),
        (
            "ids of a million characters",
            [f"a,{LONG},1,like,"],
            refused("column 'item', line 2 of 'log.csv': "),
        ),
        ("a kind of a million characters", [f"a,b1,1,{LONG},"], refused("has 1,000,000 characters")),
        ("a kind of 1,000 characters", [f"a,b1,1,{LONG[:1000]},"], refused("unknown feedback kind 'xxx")),
        ("the same event 10,000 times", ["a,b1,1,like,5"] * 10_000, loaded(lambda log: len(log) == 10_000)),
        (
            "zeros before an id",
            ["007,7,1,like,", "7,007,1,like,"],
            loaded(lambda log: log.users == ["007", "7"]),
        ),
    ):
        yield _log(name, "\n".join(rows), fate)


def _catalogs() -> Iterator[Case]:
    many = "|".join(f"c{n}" for n in range(100_000))
    for name, rows, fate in (
        ("an id twice", ["b1,a,,", "b2,b,,", "b1,c,,"], refused("line 2 of 'items.csv' and line 4 of")),
        ("an id missing", ["b1,a,,", ",b,,"], refused("column 'item', line 3 of")),
        ("a title of a million characters", [f"b1,{LONG},,{LONG}"], loaded(lambda c: c["b1"].title == LONG)),
        (
            "a title of five million",
            ["b0,,,", f"b1,{LONG * 5},,"],
            refused("line 3 of 'items.csv': the item 'b1'"),
        ),
        ("100,000 categories of one item", [f"b1,a,{many},"], loaded(lambda c: len(c.categories) == 100_000)),
        (
            "100,000 categories",
            [f"b{n},a,c{n}," for n in range(100_000)],
            loaded(lambda c: len(c) == 100_000),
        ),
        ("the same text everywhere", [f"b{n},the same words,x,here" for n in range(60)], loaded()),
        ("one word everywhere", [f"b{n},word,x," for n in range(60)], loaded()),
        ("no words", [f"b{n},…,x,!" for n in range(60)], loaded()),
        ("no titles", ["b1,,,", "b2,,,"], loaded(lambda c: c["b1"].title == "b1")),
        ("categories of separators", ["b1,a,|||,"], loaded(lambda c: c["b1"].categories == ())),
        ("a category of a million characters", [f"b1,a,{LONG},"], loaded()),
    ):
        yield _items(name, "\n".join(rows), fate)


def _text_arrives(text: str) -> Fate:
    if "\0" in text:
        return refused("null character")
    stored = text.encode(errors="replace").decode()
    return loaded(lambda catalog: catalog["b1"].title == stored and catalog["b1"].texts == {"blurb": stored})


def _log(name: str, rows: str, fate: Fate = EITHER) -> Case:
    content = rows if rows == LOG[: len(rows)] else f"user,item,time,kind,value\n{rows}\n"
    return Case(LOG_FILE, f"csv, {name}", written("log.csv", content.encode(errors="surrogatepass")), fate)


def _items(name: str, rows: str, fate: Fate = EITHER) -> Case:
    content = rows if rows == ITEMS[: len(rows)] else f"item,title,categories,blurb\n{rows}\n"
    return Case(CATALOG_FILE, f"csv, {name}", written("items.csv", content.encode(errors="replace")), fate)


def _row(cells: list[Any]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(cells)
    return written.getvalue().removesuffix("\r\n")


def _folder(folder: Path) -> Path:
    (folder / "log.csv").mkdir()
    return Path("log.csv")
