"""Saved recommenders: damaged files, and whole ones (with the right hash) that hold nonsense."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from lifelong_widgets.saving import KIND, VERSION
from lifelong_widgets.state_file import read_tree, write_tree
from tests.fuzz.case import EITHER, Case, Fate, loaded, refused
from tests.fuzz.checks import PAYLOAD
from tests.fuzz.corpus.files import written
from tests.fuzz.loaders import SAVED, small_shop
from tests.fuzz.trees import found, places, removed, replaced
from tests.fuzz.values import LONG

NONSENSE = {
    "null": None,
    "true": True,
    "-1": -1,
    "2**63": 2**63,
    "10**400": 10**400,
    "1e308": 1e308,
    "text": "x",
    "a list": [],
    "a dict": {},
}


@cache
def whole() -> bytes:
    """The file of the small shop."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.lw"
        small_shop().save(path)
        return path.read_bytes()


@cache
def tree() -> dict[str, Any]:
    """What is in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.lw"
        path.write_bytes(whole())
        return read_tree(path, KIND, VERSION)


def cases() -> Iterator[Case]:
    """All of them."""
    yield _file("whole", whole(), loaded())
    yield from _damaged()
    yield from _headers()
    for path in places(tree()):
        name = "/".join(map(str, path))
        entry = found(tree(), path)
        yield _tree(f"without {name}", lambda path=path: removed(tree(), path))
        if isinstance(entry, (np.ndarray, torch.Tensor)):
            for what, change in ARRAYS.items():
                yield _tree(
                    f"{name}: {what}",
                    lambda path=path, entry=entry, change=change: replaced(tree(), path, change(entry)),
                )
        else:
            for what, value in NONSENSE.items():
                yield _tree(f"{name}: {what}", lambda path=path, value=value: replaced(tree(), path, value))
    yield from _meaningful()


ARRAYS: dict[str, Callable[[Any], Any]] = {
    "empty": lambda array: array[:0] if array.ndim else array,
    "longer": lambda array: torch.cat([torch.as_tensor(array)] * 2) if array.ndim else array,
    "of another type": lambda array: torch.as_tensor(array).to(torch.float64) + 0.5,
    "of bytes": lambda array: torch.as_tensor(array).to(torch.uint8),
    "of truth values": lambda array: torch.as_tensor(array).to(torch.bool),
    "of one more dimension": lambda array: torch.as_tensor(array)[None],
    "a number": lambda array: torch.tensor(7),
    "not finite": lambda array: torch.as_tensor(array) * torch.nan,
    "large": lambda array: torch.full_like(torch.as_tensor(array), 100),
    "negative": lambda array: -torch.as_tensor(array).to(torch.int64) - 1,
    "JSON": lambda array: torch.as_tensor(array).tolist(),
}  # fmt: skip


def _damaged() -> Iterator[Case]:
    content = whole()
    for step in range(0, len(content), len(content) // 40):
        yield _file(f"cut at {step}", content[:step], refused())
    rng = np.random.default_rng(0)
    for number in range(40):
        flipped = bytearray(content)
        flipped[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
        yield _file(f"bit {number} flipped", bytes(flipped))
    for name, damaged in (
        ("empty", b""),
        ("7 bytes", bytes(7)),
        ("zeros", bytes(1000)),
        ("random bytes", rng.bytes(5000)),
        ("a pickle", b"cposix\nsystem\n(S'touch pwned'\ntR."),
        ("a zip file, as torch writes", b"PK\x03\x04" + bytes(500)),
        ("more at the end", content + bytes(100)),
    ):
        yield _file(name, damaged, refused())
    yield Case(
        SAVED,
        "a folder",
        lambda folder: (folder / "mine.lw").mkdir() or Path("mine.lw"),
        refused("is a folder"),
    )
    yield Case(SAVED, "no file", lambda folder: Path("mine.lw"), refused("no file"))


def _headers() -> Iterator[Case]:
    content = whole()
    length = int.from_bytes(content[:8], "little")
    body = content[8 + length :]
    header = json.loads(content[8 : 8 + length])
    name = next(key for key in header if key not in ("__metadata__", "document"))
    for claim in (0, 1, length - 1, length + 1, len(content), 10**8, 2**31, 2**60, 2**63, 2**64 - 1):
        yield _file(f"a header of {claim} bytes", claim.to_bytes(8, "little") + content[8:], refused())
    for what, changed in (
        ("no JSON", b"{" * 1000),
        ("nested deeply", b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        ("a list", b"[]"),
        ("not UTF-8", b'{"\xff": 1}'),
    ):
        yield _file(
            f"a header that is {what}", len(changed).to_bytes(8, "little") + changed + body, refused()
        )
    for what, entry in (
        ("a shape of 2**60", {**header[name], "shape": [2**60]}),
        ("a shape that overflows", {**header[name], "shape": [2**32, 2**32]}),
        ("a negative shape", {**header[name], "shape": [-1]}),
        ("an unknown type", {**header[name], "dtype": "OBJECT"}),
        ("offsets beyond the end", {**header[name], "data_offsets": [0, 2**60]}),
        ("offsets backwards", {**header[name], "data_offsets": [100, 0]}),
        ("offsets that overlap", {**header[name], "data_offsets": header["document"]["data_offsets"]}),
        ("nothing", None),
    ):
        yield _file(f"a tensor with {what}", _with_header({**header, name: entry}, body), refused())
    meta = header["__metadata__"]
    for what, metadata, fate in (
        ("none", None, refused("is not a recommender file")),
        (
            "another format",
            {**meta, "format": "lifelong-widgets checkpoint"},
            refused("is not a recommender file"),
        ),
        ("a newer version", {**meta, "version": str(VERSION + 1)}, refused(f"reads up to {VERSION}")),
        ("a version of odd digits", {**meta, "version": "²"}, refused("format version")),
        ("a version of 5,000 digits", {**meta, "version": "9" * 5000}, refused("format version")),
        ("a negative version", {**meta, "version": "-1"}, refused("format version")),
        ("a version of terminal codes", {**meta, "version": "\x1b[2J\u202e"}, refused("format version")),
        ("no version", {key: meta[key] for key in ("format", "digest")}, refused("format version")),
        ("another digest", {**meta, "digest": "0" * 64}, refused("hash")),
        ("no digest", {key: meta[key] for key in ("format", "version")}, EITHER),
        ("numbers", {**meta, "version": 2}, refused()),
    ):
        yield _file(f"metadata: {what}", _with_header({**header, "__metadata__": metadata}, body), fate)
    for what, document in (
        ("empty", b""),
        ("no JSON", b"\xff\xfe"),
        ("a list", b"[]"),
        ("null", b"null"),
        ("nested deeply", b"[" * 100_000 + b"]" * 100_000),
        ("trees nested deeply", b'{"state":' + b'{"tree":{"a":' * 20_000 + b"1" + b"}}" * 20_000 + b"}"),
        ("5,000 digits", b'{"seed": ' + b"9" * 5000 + b"}"),
        ("not a number", b'{"seed": {"json": NaN}}'),
        ("a surrogate", b'{"seed": {"json": "\\ud800"}}'),
        ("no entries", b"{}"),
        ("references to nothing", b'{"state": {"tensor": "x"}, "features": {"array": "y"}}'),
        ("references to lists", b'{"state": {"tensor": []}}'),
    ):
        for digest in (True, False):
            yield Case(
                SAVED,
                f"a document that is {what}{', hashed' * digest}",
                _documented(document, digest),
                refused(),
            )


def _meaningful() -> Iterator[Case]:
    items = tree()["catalog"]
    for name, changes, fate in (
        (
            "ids clash",
            {"catalog": [*items[:-1], {**items[-1], "item": items[0]["item"]}]},
            refused("same item id"),
        ),
        (
            "ids as paths",
            {"catalog": [{**item, "item": f"../../{n}"} for n, item in enumerate(items)]},
            loaded(),
        ),
        (
            "HTML everywhere",
            {
                "catalog": [
                    {**item, "title": PAYLOAD, "blurb": PAYLOAD, "categories": [PAYLOAD]} for item in items
                ]
            },
            loaded(lambda rec: rec.catalog["i0"].title == PAYLOAD),
        ),
        (
            "titles of a million characters",
            {"catalog": [{**item, "title": LONG} for item in items[:2]] + items[2:]},
            loaded(),
        ),
        (
            "an unknown hyperparameter",
            {"settings": {**tree()["settings"], "hook": "os.system"}},
            refused("no part"),
        ),
        (
            "an encoder out of the dark",
            {"settings": {**tree()["settings"], "encoder_name": "../../evil"}},
            refused("model"),
        ),
        (
            "a capacity beyond all",
            {"settings": {**tree()["settings"], "capacity": 10**7, "history_length": 1000}},
            EITHER,
        ),
        (
            "a wide network",
            {"settings": {**tree()["settings"], "embedding_dim": 512, "hidden_dim": 4096}},
            EITHER,
        ),
        ("no items", {"catalog": []}, refused("rows")),
    ):
        yield _tree(name, lambda changes=changes: {**tree(), **changes}, fate, bulk=False)


def _with_header(header: Any, body: bytes) -> bytes:
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    return len(encoded).to_bytes(8, "little") + encoded + body


def _documented(document: bytes, digest: bool) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        metadata = {"format": KIND, "version": str(VERSION), **({"digest": "0" * 64} if digest else {})}
        tensor = torch.from_numpy(np.frombuffer(document, np.uint8).copy())
        save_file({"document": tensor}, folder / "mine.lw", metadata=metadata)
        return Path("mine.lw")

    return make


def _file(name: str, content: bytes, fate: Fate = EITHER) -> Case:
    return Case(SAVED, name, written("mine.lw", content), fate)


def _tree(name: str, make: Callable[[], Any], fate: Fate = EITHER, bulk: bool = True) -> Case:
    def write(folder: Path) -> Path:
        write_tree(folder / "mine.lw", make(), KIND, VERSION)
        return Path("mine.lw")

    return Case(SAVED, name, write, fate, bulk=bulk)
