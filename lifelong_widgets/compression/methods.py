"""The methods by name, and what several of them come to together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np

from lifelong_widgets.compression.hashed import HashedRows
from lifelong_widgets.compression.integers import Int4Rows, Int8Rows, Int16Rows, SquaredRows
from lifelong_widgets.compression.low_rank import LowRankRows
from lifelong_widgets.compression.product import ProductRows
from lifelong_widgets.compression.pruned import PrunedRows
from lifelong_widgets.compression.rows import FloatRows, Matrix, Rows, Stored
from lifelong_widgets.errors import DataError, closest

_WORTH_IT = 0.75  # of the numbers: a factorisation that leaves more is not made


@dataclass(frozen=True, slots=True)
class Method:
    """A way to make a model smaller. Of those that decide the same thing only one can be taken.

    Attributes:
        name: what it is called.
        decides: the field of `Plan` that it is put in.
        what: one line about it.
        reads_histories: whether it is fitted to what people did, beside the model.
    """

    name: ClassVar[str]
    decides: ClassVar[str]
    what: ClassVar[str]
    reads_histories: ClassVar[bool] = False

    def __str__(self) -> str:
        numbers = [f"{getattr(self, field.name):g}" for field in fields(self)]
        return ":".join([self.name, *numbers])


@dataclass(frozen=True, slots=True)
class Float32(Method):
    """Nothing: the measure of the others."""

    name = "float32"
    decides = "store"
    what = "nothing is made smaller: four bytes a number, as the live model holds it"


@dataclass(frozen=True, slots=True)
class Int8(Method):
    """Eight bits a number, with a scale a row, sixteen in content; neighbours in two bytes an entry."""

    name = "int8"
    decides = "store"
    what = "eight bits a number, sixteen in content, one scale a row"


@dataclass(frozen=True, slots=True)
class Int4(Method):
    """Four bits a number, with a scale a row, eight in content; neighbours in 1.5 bytes an entry."""

    name = "int4"
    decides = "store"
    what = "four bits a number, eight in content, one scale a row"


@dataclass(frozen=True, slots=True)
class Neighbors(Method):
    """Only the heaviest neighbours of an item: in each table and direction, and in the linear memory.

    With `LowRank` or `Prune` beside it these decide about the linear memory.
    """

    kept: int = 64
    name = "neighbors"
    decides = "neighbors"
    what = "only so many neighbours of an item, and weights of its row of the linear memory, the heaviest"


@dataclass(frozen=True, slots=True)
class LowRank(Method):
    """Matrices as products of two narrow ones, where that leaves fewer numbers; see `LowRankRows`."""

    rank: int = 64
    name = "low_rank"
    decides = "matrices"
    what = "matrices of at most this rank: the linear memory, layers, embeddings"


@dataclass(frozen=True, slots=True)
class Prune(Method):
    """A share of the numbers of each row of the matrices, the largest; see `PrunedRows`."""

    density: float = 0.25
    name = "prune"
    decides = "matrices"
    what = "this share of the numbers of each row, the largest"


@dataclass(frozen=True, slots=True)
class ProductQuantization(Method):
    """The item rows as a few letters each; see `ProductRows`."""

    n_parts: int = 16
    name = "pq"
    decides = "items"
    what = "item rows in so many bytes, each a word of an alphabet of 256"


@dataclass(frozen=True, slots=True)
class Hashed(Method):
    """The embeddings as sums of two of far fewer rows; see `HashedRows`."""

    n_buckets: int = 64
    name = "hashed"
    decides = "items"
    what = "embeddings as sums: that of item i is quotient[i // b] + remainder[i % b]"


@dataclass(frozen=True, slots=True)
class Neurons(Method):
    """A share of the hidden units, those that say most; the layer after them is fitted again."""

    density: float = 0.5
    name = "neurons"
    decides = "encoder"
    what = "this share of the hidden units, the layer after them fitted again"
    reads_histories = True


@dataclass(frozen=True, slots=True)
class Distill(Method):
    """A narrower user encoder, taught by the live one on replayed contexts."""

    hidden_dim: int = 32
    name = "distill"
    decides = "encoder"
    what = "a user encoder of this width, taught by the live one on replayed contexts"
    reads_histories = True


@dataclass(frozen=True, slots=True)
class Tune(Method):
    """A short fine-tune of what pruning, fewer neighbours or low rank leave; see `tuning`."""

    n_steps: int = 200
    name = "tune"
    decides = "tuning"
    what = "what pruning, fewer neighbours or low rank leave is taught by the live model on replayed contexts"
    reads_histories = True


METHODS: dict[str, type[Method]] = {
    method.name: method
    for method in (
        Float32, Int8, Int4, Neighbors, LowRank, Prune, ProductQuantization, Hashed, Neurons, Distill,
        Tune,
    )
}  # fmt: skip
"""Every method there is, by its name in ``rec.compress("NAME:NUMBER")``."""

STORES: dict[str, type[Stored]] = {"float32": FloatRows, "int8": Int8Rows, "int4": Int4Rows}
BITS = {"float32": 32, "int8": 8, "int4": 4}
_HELD_CLOSER: dict[str, dict[type[Stored], type[Stored]]] = {
    "content": {Int8Rows: Int16Rows, Int4Rows: Int8Rows},
    "linear": {Int8Rows: SquaredRows},
}
"""What is held more closely than the other numbers: the gate tells apart items whose content is nearly alike,
and a score of the linear memory is the sum of many small weights beside a few large ones."""

Part = Literal["embeddings", "content", "layers", "linear"]
Methods = str | Method | Sequence[str | Method]


@dataclass(frozen=True, slots=True)
class Plan:
    """What each thing is decided by; None where it stays as it is.

    Attributes:
        store: how many bits a number has.
        neighbors: how many neighbours are kept.
        matrices: how the matrices shrink.
        items: how the item rows shrink; else they are matrices like the others.
        encoder: how the user encoder shrinks.
        tuning: how long what is left is taught.
    """

    store: Method = Int8()
    neighbors: Neighbors | None = None
    matrices: LowRank | Prune | None = None
    items: ProductQuantization | Hashed | None = None
    encoder: Neurons | Distill | None = None
    tuning: Tune | None = None

    @property
    def bits(self) -> int:
        """Of a number."""
        return BITS[self.store.name]

    @property
    def stored(self) -> type[Stored]:
        """How the numbers of a matrix are held."""
        return STORES[self.store.name]

    def __str__(self) -> str:
        parts = [getattr(self, field.name) for field in fields(self) if field.name != "store"]
        return " + ".join(str(part) for part in (*parts, self.store) if part is not None)

    def names(self) -> list[str]:
        """The methods, each as `plan_of` reads it."""
        return str(self).split(" + ")

    @property
    def fitted_to_histories(self) -> list[str]:
        """Those of the methods that are fitted to what people did, beside the model."""
        parts = [getattr(self, field.name) for field in fields(self)]
        return [str(part) for part in parts if part is not None and part.reads_histories]

    def held(self, matrix: Matrix, of: Part = "layers") -> Rows:
        """A matrix as it is held, given what it is a part of."""
        _, make, _ = self._way(matrix.shape, of)
        return make(matrix)

    def held_state(self, state: Mapping[str, Any], shape: tuple[int, int], of: Part = "layers") -> Rows:
        """The same of a state.

        Raises:
            FormatError: it is not a matrix of this shape, held so.
        """
        _, _, make = self._way(shape, of)
        return make(state)

    def leaves_to_learn(self, shape: tuple[int, int], of: Part = "layers") -> bool:
        """Whether a matrix of this shape is held so that tuning can make up for what is gone."""
        return self._way(shape, of)[0] in (PrunedRows, LowRankRows)

    def _way(
        self, shape: tuple[int, ...], of: Part
    ) -> tuple[type[Rows], Callable[[Matrix], Rows], Callable[[Mapping[str, Any]], Rows]]:
        """As what a matrix of this shape is held: made of its numbers, and of a state."""
        (n, m), stored, bits, how = shape, self.stored, self.bits, self.matrices
        stored = _HELD_CLOSER.get(of, {}).get(stored, stored)
        if isinstance(self.items, ProductQuantization) and of in ("embeddings", "content") and n and m:
            parts = self.items.n_parts
            return (
                ProductRows,
                lambda matrix: ProductRows(matrix, parts),
                lambda state: ProductRows.of_state(state, (n, m)),
            )
        if isinstance(self.items, Hashed) and of == "embeddings" and n:
            buckets = self.items.n_buckets
            return (
                HashedRows,
                lambda matrix: HashedRows(matrix, buckets, stored),
                lambda state: HashedRows.of_state(state, (n, m), buckets, stored),
            )
        if isinstance(how, LowRank) and how.rank * (n + m) < _WORTH_IT * n * m:
            rank = how.rank
            return (
                LowRankRows,
                lambda matrix: LowRankRows(matrix, rank, stored),
                lambda state: LowRankRows.of_state(state, (n, m), rank, stored),
            )
        kept = m
        if isinstance(how, Prune):
            kept = max(1, round(how.density * m))
        elif how is None and self.neighbors is not None and of == "linear":
            kept = self.neighbors.kept
        if kept < m or (of == "linear" and self.neighbors is not None and how is None):
            return (
                PrunedRows,
                lambda matrix: PrunedRows(matrix, kept, bits),
                lambda state: PrunedRows.of_state(state, (n, m), kept, bits),
            )
        return stored, stored, lambda state: stored.of_state(state, (n, m))


def plan_of(methods: Methods) -> Plan:
    """What methods come to together. Without ``float32`` or ``int4`` among them numbers have eight bits.

    Args:
        methods: one, or several in any order: each a `Method`, or its name, with its number after a colon. Or
            what a report says, with `` + `` between the names.

    Raises:
        DataError: there is no such method, it does not take this number, or two decide the same thing.

    >>> str(plan_of(["low_rank:16", "int4"])), str(plan_of("neighbors:32"))
    ('low_rank:16 + int4', 'neighbors:32 + int8')
    >>> plan_of("neighbors:32 + int8") == plan_of("neighbors:32")
    True
    >>> plan_of(["int8", "int4"])
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: int8 and int4 decide the same thing (how many bits a number has): \
take one of them
    """
    given = methods.split(" + ") if isinstance(methods, str) else methods
    given = [given] if isinstance(given, Method) else given
    if hasattr(given, "methods"):  # a point of a sweep
        raise DataError(f"a {type(given).__name__} is not a method, but has some: give its .methods")
    if not isinstance(given, Sequence) or not given:
        raise DataError(f"methods are names such as 'int8', or several in a list, not {methods!r:.80}")
    taken: dict[str, Any] = {}
    for method in map(_method, given):
        before = taken.get(method.decides)
        if before is not None:
            raise DataError(
                f"{before} and {method} decide the same thing ({_SAYS[method.decides]}): take one of them"
            )
        taken[method.decides] = method
    plan = Plan(**taken)
    if isinstance(plan.store, Float32) and len(taken) > 1:
        raise DataError(
            f"float32 makes nothing smaller, so it does not go with {' + '.join(map(str, given))}"
        )
    if plan.tuning is not None and plan.matrices is None and plan.neighbors is None:
        raise DataError(
            f"{plan.tuning} has nothing to make up for: it goes with prune, low_rank or neighbors"
        )
    return plan


_SAYS = {
    "store": "how many bits a number has",
    "neighbors": "how many neighbours are kept",
    "matrices": "how matrices shrink",
    "items": "how item rows shrink",
    "encoder": "how the user encoder shrinks",
    "tuning": "how long what is left is taught",
}
_BOUNDS: dict[str, tuple[Callable[[float], bool], str]] = {
    "kept": (lambda n: 1 <= n <= 4096, "a whole number from 1 to 4,096"),
    "rank": (lambda n: 1 <= n <= 4096, "a whole number from 1 to 4,096"),
    "n_parts": (lambda n: 1 <= n <= 4096, "a whole number from 1 to 4,096"),
    "n_buckets": (lambda n: 1 <= n <= 2**24, "a whole number from 1 to 16,777,216"),
    "hidden_dim": (lambda n: 1 <= n <= 65_536, "a whole number from 1 to 65,536"),
    "n_steps": (lambda n: 1 <= n <= 100_000, "a whole number from 1 to 100,000"),
    "density": (lambda share: 0.0 < share <= 1.0, "a share above 0 and at most 1"),
}


def _method(given: object) -> Method:
    if isinstance(given, Method):
        made = given
    elif isinstance(given, str):
        name, colon, number = given.partition(":")
        if name not in METHODS:
            known = closest(name, METHODS) or "; there are " + ", ".join(METHODS)
            raise DataError(f"unknown compression {given!r:.80}{known}")
        kind = METHODS[name]
        if not colon:
            return kind()
        if not fields(kind):
            raise DataError(f"{name} takes no number, and {given!r:.80} gives it one")
        made = kind(_number(number, given, kind()))  # type: ignore[call-arg]  # each has one field
    else:
        raise DataError(f"a method is a name such as 'int8', not a {type(given).__name__}")
    for field in fields(made):
        value, (fits, says) = getattr(made, field.name), _BOUNDS[field.name]
        whole = field.name == "density" or (
            isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        )
        if not isinstance(value, (int, float, np.integer)) or not whole or not fits(float(value)):
            raise DataError(f"{made.name} takes {says}, not {value!r:.40}")
    return made


def _number(text: str, given: str, example: Method) -> float:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            raise DataError(
                f"{given!r:.80} has no number after its colon; such as {str(example)!r}"
            ) from None
