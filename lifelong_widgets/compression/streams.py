"""The tree of a copy as one string of bytes, without what it repeats."""

from __future__ import annotations

import lzma

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.state_file import Tree, packed, unpacked

_MOST = 4096  # times as long as its code can be what was coded; LZMA comes to 7,000 with zeros alone
_SPARE = 2**24

_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6}]


def shrunk(tree: Tree) -> NDArray[np.uint8]:
    """`tree` by LZMA, which adapts to each part as it comes to it: the standard library's, lossless.

    >>> tree = {"a": "b" * 1000, "c": np.zeros(1000)}
    >>> len(shrunk(tree)) < 300, restored(shrunk(tree))["c"].shape
    (True, (1000,))
    """
    coded = lzma.compress(packed(tree), format=lzma.FORMAT_RAW, filters=_FILTERS)
    return np.frombuffer(coded, dtype=np.uint8).copy()


def restored(data: object) -> Tree:
    """The tree that `shrunk` made bytes of.

    Raises:
        FormatError: they are others, or would be more than 4,096 times as long.
    """
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 1:
        raise FormatError("a serving copy: its parts are no bytes")
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=_FILTERS)
    try:
        whole = decoder.decompress(data.tobytes(), max_length=_MOST * len(data) + _SPARE)
    except (lzma.LZMAError, EOFError) as error:
        raise FormatError(f"a serving copy: its parts cannot be read: {error}") from error
    if not decoder.eof:
        raise FormatError("a serving copy: its parts end too early, or are longer than they can be")
    return unpacked(whole)
