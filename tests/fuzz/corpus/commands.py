"""`lifelong-widgets replay` on hostile files, and with hostile arguments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lifelong_widgets.data.ids import LONGEST_ID
from tests.fuzz.case import EITHER, Case, Fate, loaded, refused
from tests.fuzz.checks import PAYLOAD
from tests.fuzz.corpus import csv_files, json_lines, parquet_files
from tests.fuzz.loaders import REPLAY
from tests.fuzz.values import LONG

_POPULARITY = ("--learners", "popularity")
_EVENTS = "".join(f"u{n % 5},b{n % 7},{n},like,\n" for n in range(40))
LOG = f"user,item,time,kind,value\n{_EVENTS}".encode()
JSON_LOG = b"".join(
    b'{"user": "u%d", "item": %d, "time": %d, "shown": [1, 2], "call": null}\n' % (n % 5, n % 7, n)
    for n in range(40)
)


def cases() -> Iterator[Case]:
    """All of them."""
    hostile = (
        PAYLOAD,
        "=cmd|'/C calc'!A0",
        "\x1b[2J\u202e",
        "../../x",
        "$(touch pwned)",
        "{{7*7}}",
        "%s%n",
        "a" * LONGEST_ID,
    )
    for number, text in enumerate(hostile):
        row = ",".join(f'"{text}"' for _ in range(2))
        items = f'item,title,categories,description\n"{text}","{text}","{text}","{text}"\n'
        log = LOG + f"{row},50,like,\n".encode()
        yield _case(
            f"text {number}",
            {"log.csv": log, "items.csv": items.encode()},
            ["--items", "items.csv"],
            loaded(),
        )
        yield _case(
            f"a kind of text {number}",
            {"log.csv": LOG + f'u1,b1,50,"{text}",\n'.encode()},
            [],
            refused("--kind"),
        )
        yield _case(
            f"a column of text {number}",
            {"log.csv": f'"{text}",item,time\n1,2,3\n'.encode()},
            [],
            refused("no column 'user'"),
        )
    for name, files, arguments, fate in (
        ("CSV", {"log.csv": LOG}, [], loaded()),
        (
            "a user of 100,000 characters",
            {"log.csv": LOG + b"a" * 100_000 + b",b1,50,like,\n"},
            [],
            refused("42"),
        ),
        ("JSON lines", {"log.jsonl": JSON_LOG}, [], loaded()),
        (
            "JSON lines, their items as strings",
            {"log.jsonl": JSON_LOG, "items.csv": b"item,title\n1,a\n"},
            ["--items", "items.csv"],
            refused("'1' is known as a string"),
        ),
        ("empty", {"log.csv": b""}, [], refused("'log.csv' is empty")),
        ("one event", {"log.csv": b"user,item,time\na,b,1\n"}, [], refused("raise --warm-up")),
        ("UTF-16", {"log.csv": LOG.decode().encode("utf-16")}, [], refused("is UTF-16")),
        ("no Parquet", {"log.parquet": LOG}, [], refused("not a readable Parquet file")),
        (
            "a kind that is a list",
            {"log.jsonl": b'{"user": 1, "item": 1, "time": 1, "kind": ["like"]}\n'},
            [],
            refused("line 1 of 'log.jsonl'"),
        ),
        (
            "a kind that is missing",
            {"log.jsonl": b'{"user": 1, "item": 1, "time": 1, "kind": null}\n'},
            [],
            refused("line 1 of 'log.jsonl'"),
        ),
        (
            "a title that is a dict",
            {"log.csv": LOG, "items.jsonl": b'{"item": "b1", "title": {}}\n'},
            ["--items", "items.jsonl"],
            refused("line 1 of 'items.jsonl'"),
        ),
        (
            "two columns of users",
            {"log.csv": LOG.replace(b"kind", b"user")},
            [],
            refused("2 columns called 'user'"),
        ),
        (
            "a user column of a million characters",
            {"log.csv": LOG},
            ["--user-column", LONG[:100_000]],
            refused("no column"),
        ),
        (
            "a kind of 5,000 digits",
            {"log.csv": LOG},
            ["--kind", "like=" + "9" * 5000],
            refused("weight of 'like'"),
        ),
        (
            "a kind nested deeply",
            {"log.csv": LOG},
            ["--kind", "like=" + "[" * 50_000],
            refused("weight of 'like'"),
        ),
        (
            "a hyperparameter of 5,000 digits",
            {"log.csv": LOG},
            ["--set", "epochs=" + "9" * 5000],
            refused("--set"),
        ),
        (
            "a hyperparameter of 400 digits",
            {"log.csv": LOG},
            ["--set", "epochs=" + "9" * 400],
            refused("--set"),
        ),
        ("a hyperparameter that is a list", {"log.csv": LOG}, ["--set", "epochs=[]"], refused("--set")),
        ("k of 30 digits", {"log.csv": LOG}, ["--k", "9" * 30], EITHER),
        ("a limit of 30 digits", {"log.csv": LOG}, ["--limit", "9" * 30], loaded()),
        (
            "a half-life of 400 digits",
            {"log.csv": LOG},
            ["--half-life", "9" * 400 + "D"],
            refused("half_life"),
        ),
        ("a half-life of nothing", {"log.csv": LOG}, ["--half-life", "0D"], refused("half_life")),
        ("a warm-up of nan", {"log.csv": LOG}, ["--warm-up", "nan"], refused("not between 0 and 1")),
    ):
        yield _case(name, files, arguments, fate)
    yield _case(
        "the live model too",
        {"log.csv": LOG, "items.csv": csv_files.ITEMS.encode()},
        ["--items", "items.csv", "--learners", "live", "--set", "epochs=1"],
        loaded(),
    )
    for name, content in (
        ("jsonl", json_lines.LINE * 30),
        ("parquet", parquet_files.parquet(parquet_files.EVENTS)),
    ):
        for step in range(1, 6):
            yield _case(
                f"{name} cut", {f"log.{name}": content[: len(content) * step // 6]}, [], EITHER, number=step
            )
    yield Case(REPLAY, "a folder", lambda folder: [str(folder)], refused())
    yield Case(REPLAY, "a name of 300 characters", lambda _: ["x" * 300], refused())
    yield Case(REPLAY, "a name of terminal codes", lambda _: ["\x1b[2J\u202e.csv"], refused("no file"))
    yield Case(REPLAY, "a name of odd bytes", _oddly_named, loaded())


def _oddly_named(folder: Path) -> list[str]:
    name = "log\udcff\x1b[2J.csv"
    (folder / name).write_bytes(LOG)
    return [name, *_POPULARITY]


def _case(name: str, files: dict[str, bytes], arguments: list[str], fate: Fate, number: int = 0) -> Case:
    def make(folder: Path) -> list[str]:
        for file, content in files.items():
            (folder / file).write_bytes(content)
        learners = () if "--learners" in arguments else _POPULARITY
        return [next(iter(files)), *learners, *arguments]

    return Case(REPLAY, f"{name} {number}" if number else name, make, fate)
