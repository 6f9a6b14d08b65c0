"""The tree of a copy as one string of bytes, without what it repeats."""

from __future__ import annotations

import lzma

import numpy as np

from lifelong_widgets.errors import FormatError
from lifelong_widgets.state_file import Tree, count_of, packed, unpacked

_RATIO, _SPARE = 32, 2**24  # times as long as its code can be what was coded, and so many bytes more
_MOST = 2**33  # bytes

# Without a header the size of the dictionary, 8 MB, is what is said here: no file can ask for a larger one.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6}]


def shrunk(tree: Tree) -> Tree:
    """`tree` by LZMA, which adapts to each part as it comes to it: the standard library's, lossless.

    One that comes to less than a 32nd, with 16 MB to spare, stays as it is: nobody could tell it from a file
    that is made to fill the memory of whoever opens it.

    >>> tree = {"a": "b" * 1000, "c": np.zeros(1000)}
    >>> coded = shrunk(tree)
    >>> len(coded["shrunk"]) < 300, restored(coded)["c"].shape
    (True, (1000,))
    """
    whole = packed(tree)
    coded = lzma.compress(whole, format=lzma.FORMAT_RAW, filters=_FILTERS)
    if len(whole) > _most(len(coded)):
        return tree
    return {"shrunk": np.frombuffer(coded, dtype=np.uint8).copy(), "n_bytes": len(whole)}


def restored(tree: Tree) -> Tree:
    """The tree of which `shrunk` made this one.

    The size that the file says is looked at first, and no more than that is decoded: twice as much memory is
    taken while its pieces are joined, and 9 MB by LZMA.

    Raises:
        FormatError: it is another, or would be longer than anything that `shrunk` makes.
    """
    if "shrunk" not in tree:
        return tree
    data, n_bytes = tree["shrunk"], count_of(tree.get("n_bytes"), "a serving copy: the size of its parts")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 1:
        raise FormatError("a serving copy: its parts are no bytes")
    if n_bytes > _most(len(data)):
        raise FormatError(
            f"a serving copy: {len(data):,} bytes say that they hold {n_bytes:,}, and at most "
            f"{_most(len(data)):,} are read"
        )
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_FILTERS)
    try:
        whole = decoder.decompress(data.tobytes(), max_length=n_bytes)
        more = b"" if decoder.eof else decoder.decompress(b"", max_length=1)  # the mark of the end
    except (lzma.LZMAError, EOFError) as error:
        raise FormatError(f"a serving copy: its parts cannot be read: {error}") from error
    if more or len(whole) < n_bytes or not decoder.eof:
        raise FormatError(f"a serving copy: its parts are not the {n_bytes:,} bytes that it says")
    return unpacked(whole)


def _most(n_coded: int) -> int:
    """How many bytes may come of so many."""
    return min(_RATIO * n_coded + _SPARE, _MOST)
