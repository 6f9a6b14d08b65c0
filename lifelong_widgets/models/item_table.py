"""The items as rows: a learned embedding and the content beside it, in one table that grows."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.models.row_optimizers import ADAM, RowOptimizer, RowsBefore

_GROWN_AT_ONCE = 16_384
_MOST_STEPS = 2**24  # which one more leaves as it is


class ItemTable:
    """Growable rows ``[embedding | content]`` and, beside them, the optimizer's state of each embedding.

    One row holds what is learned about an item (`embedding_dim` numbers) and what is known of it from its
    content (`content_dim` numbers, constant). They lie side by side because an item's vector is
    ``embedding + content @ projection``: scoring the whole catalogue against a person's vector *u* is then
    one matrix-vector product of this table with ``[u | projection @ u]``, always exact, with nothing to
    refresh after a step.

    Storage doubles when it is full, so that an addition costs O(1) amortised. A new row takes its optimizer
    state along, and its first values depend on the seed and on its place only, not on how the table grew.

    Args:
        embedding_dim: width of the learned part.
        content_dim: width of the constant part, 0 for ids only.
        seed: of the first values.

    Example:
        >>> table = ItemTable(embedding_dim=4, content_dim=2, seed=0)
        >>> table.grow(np.ones((3, 2), dtype=np.float32))
        >>> len(table), tuple(table.rows.shape)
        (3, (3, 6))
    """

    initial_scale = 0.05

    def __init__(self, embedding_dim: int, content_dim: int, seed: int) -> None:
        self.embedding_dim, self.content_dim, self.seed = embedding_dim, content_dim, seed
        self._n = 0
        width = embedding_dim + content_dim
        self._rows: NDArray[np.float32] = np.zeros((0, width), dtype=np.float32)
        self._optimizer = ADAM
        # what the optimizer keeps of a row lies side by side, the count of steps last: one gather, one write
        self._states: NDArray[np.float32] = np.zeros((0, ADAM.width(embedding_dim)), dtype=np.float32)

    def __len__(self) -> int:
        return self._n

    @property
    def rows(self) -> torch.Tensor:
        """All rows, (n_items, embedding_dim + content_dim), float32; a view, not a copy."""
        return torch.from_numpy(self.array)

    @property
    def array(self) -> NDArray[np.float32]:
        """The same view for numpy and compiled loops, which is there at once."""
        return self._rows[: self._n]

    @property
    def embeddings(self) -> torch.Tensor:
        """The learned part of all rows; a view."""
        return torch.from_numpy(self.array[:, : self.embedding_dim])

    @property
    def n_updates(self) -> NDArray[np.float32]:
        """How many optimizer steps each item has had, shape (n_items,)."""
        return self._states[: self._n, -1]

    def gather(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Copies of the two parts of some rows: (n, embedding_dim) and (n, content_dim)."""
        rows = self.rows.index_select(0, indices)
        return rows[:, : self.embedding_dim], rows[:, self.embedding_dim :]

    def averages(self, items: NDArray[np.int64], weights: NDArray[np.floating]) -> NDArray[np.floating]:
        """Weighted sums of whole rows, (n, n_averages, width of a row); a weight of 0 adds nothing.

        Args:
            items: (n, length), int64; any index where the weights are 0.
            weights: (n, n_averages, length).

        Raises:
            IndexError: an item that has no row, or shapes that do not go together.
        """
        if items.shape != (len(weights), weights.shape[2]):
            raise IndexError(f"items of shape {items.shape} do not go with weights {weights.shape}")
        rows = self.array
        averages = np.empty((*weights.shape[:2], rows.shape[1]), dtype=rows.dtype)
        if not _average(rows, items, weights, averages):
            raise IndexError(f"an item is not among the {self._n} that have a row")
        return averages

    def grow(self, content: np.ndarray) -> None:
        """Append one row for each row of `content`, (n_new, content_dim), float32."""
        start, end = self._n, self._n + len(content)
        self._reserve(end)
        for begin in range(start, end, _GROWN_AT_ONCE):  # the draws take four times the memory of the rows
            stop = min(begin + _GROWN_AT_ONCE, end)
            self._rows[begin:stop, : self.embedding_dim] = self._initial_values(begin, stop)
        self._rows[start:end, self.embedding_dim :] = content
        self._states[start:end] = 0.0
        self._n = end

    def optimize_with(self, optimizer: RowOptimizer) -> None:
        """Let the rows move by this rule from now on (Adam before the first call).

        Where it is another, what was kept for the one before is forgotten, the counts of steps as well.
        """
        if optimizer is not self._optimizer:
            self._optimizer = optimizer
            self._states = np.zeros((len(self._rows), optimizer.width(self.embedding_dim)), dtype=np.float32)

    def step(
        self,
        indices: NDArray[np.int64],
        gradients: NDArray[np.floating],
        learning_rates: NDArray[np.float64] | float,
        before: RowsBefore | None = None,
    ) -> None:
        """Move the embeddings of `indices` only, each by what the optimizer keeps of its own row.

        A row that is not in the batch costs nothing and does not move.

        Args:
            indices: (n,), int64, each at most once.
            gradients: (n, embedding_dim), float32.
            learning_rates: the size of the step, one for all or (n,), one a row.
            before: from `room_for` the same rows; is filled in with what `put_back` needs.

        Raises:
            IndexError: an item that has no row, or shapes that do not go together; nothing was moved.
        """
        if gradients.shape != (len(indices), self.embedding_dim):
            raise IndexError(f"{len(indices)} rows have gradients of shape {gradients.shape}")
        refuse_beyond(self._n, indices)
        rates = np.full(len(indices), learning_rates, dtype=np.float64)
        copies = RowsBefore.of(indices[:0], self.embedding_dim, 0) if before is None else before
        self._optimizer.move(
            self._rows,
            self._states,
            indices,
            gradients,
            rates,
            copies.embeddings,
            copies.states,
            copies.moved,
        )

    def reach(self, indices: NDArray[np.int64], gradients: NDArray[np.floating]) -> NDArray[np.floating]:
        """How far these gradients would take the embeddings of `indices`, (n, embedding_dim).

        See `RowOptimizer.reach`. Nothing moves.

        Raises:
            IndexError: an item that has no row.
        """
        refuse_beyond(self._n, indices)
        return self._optimizer.reach(self._states[indices], gradients)

    def room_for(self, indices: NDArray[np.int64]) -> RowsBefore:
        """Room for what a `step` of some rows is about to overwrite."""
        return RowsBefore.of(indices, self.embedding_dim, self._states.shape[1])

    def put_back(self, before: RowsBefore) -> None:
        """Make the rows what they were before a step, if it was taken."""
        if before.moved[0]:
            self._rows[before.indices, : self.embedding_dim] = before.embeddings
            self._states[before.indices] = before.states

    def embeddings_of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """A copy of the embeddings of `items`, (n, embedding_dim).

        Raises:
            IndexError: an item that has no row.
        """
        refuse_beyond(self._n, items)
        return _gathered(self._rows, items, 0, self.embedding_dim)

    def write_embeddings(self, items: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Replace the embeddings of `items`; what the optimizer keeps of them stays."""
        self.array[items, : self.embedding_dim] = values

    def content_of(self, items: NDArray[np.int64], columns: slice = slice(None)) -> NDArray[np.float32]:
        """A copy of the content of `items`, or of some columns of it, (n, n_columns).

        Raises:
            IndexError: an item that has no row.
        """
        refuse_beyond(self._n, items)
        begin, end, _ = columns.indices(self.content_dim)
        return _gathered(self._rows, items, self.embedding_dim + begin, self.embedding_dim + end)

    def write_content(self, items: NDArray[np.int64], columns: slice, values: NDArray[np.float32]) -> None:
        """Replace some columns of the content of `items` by `values`, (n, n_columns)."""
        self._content(columns)[items] = values

    def _content(self, columns: slice) -> NDArray[np.float32]:
        return self.array[:, self.embedding_dim :][:, columns]

    def get_state(self) -> dict[str, torch.Tensor]:
        """Everything, as contiguous tensors that share no memory with the table."""
        n = self._n
        return {
            "rows": torch.from_numpy(self._rows[:n].copy()),
            "adam": torch.from_numpy(
                self._states[:n].copy()
            ),  # in files by this name, whatever the optimizer
        }

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take a state back; the widths must be those of this table."""
        dim, optimizer = self.embedding_dim, self._optimizer
        expected = (dim + self.content_dim, optimizer.width(dim))
        for (name, tensor), width in zip(state.items(), expected, strict=True):
            if tensor.ndim != 2 or tensor.shape[1] != width or len(tensor) != len(state["rows"]):
                shape = tuple(tensor.shape)
                raise FormatError(f"item table: {name} has shape {shape}, expected (n, {width})")
            if tensor.dtype != torch.float32 or not torch.isfinite(tensor).all():
                raise FormatError(f"item table: {name} must hold finite float32, not {tensor.dtype}")
        if len(state["adam"]) and state["adam"][:, optimizer.n_signed(dim) :].min() < 0:
            raise FormatError("item table: a second moment or a count of steps is negative")
        if len(state["adam"]) and state["adam"][:, -1].max() > _MOST_STEPS:
            raise FormatError("item table: a count of steps is larger than float32 can count to")
        self._rows, self._states = (tensor.numpy().copy() for tensor in state.values())
        self._n = len(self._rows)

    def _reserve(self, n: int) -> None:
        if n <= len(self._rows):
            return
        capacity = max(n, 2 * len(self._rows), 16)
        larger = []
        for old in (self._rows, self._states):
            new = np.zeros((capacity, old.shape[1]), dtype=np.float32)
            new[: self._n] = old[: self._n]
            larger.append(new)
        self._rows, self._states = larger  # both or none: the loops look at one of them only

    def _initial_values(self, start: int, end: int) -> NDArray[np.float32]:
        # Philox is counter-based: row i always reads the same stretch of it, however the table grew.
        draws_a_row = -(-self.embedding_dim // 4) * 4
        bits = np.random.Philox(key=self.seed)
        bits.advance(start * draws_a_row // 4)
        uniform = np.random.Generator(bits).random((end - start, draws_a_row))[:, : self.embedding_dim]
        bound = self.initial_scale * 3**0.5  # the uniform distribution with this standard deviation
        return ((2 * uniform - 1) * bound).astype(np.float32)


def refuse_beyond(n: int, *indices: NDArray[np.int64]) -> None:
    """What compiled loops do not look at: IndexError if any of `indices` is no row of a table of `n`."""
    if not all(_are_below(n, part) for part in indices):
        raise IndexError(f"an item is not among the {n} that have a row")


@compiled
def _are_below(n: int, indices: NDArray[np.int64]) -> bool:
    n_beyond = 0
    for index in indices:
        n_beyond += index < 0 or index >= n
    return n_beyond == 0


@compiled
def _gathered(
    table: NDArray[np.float32], indices: NDArray[np.int64], begin: int, end: int
) -> NDArray[np.float32]:
    """``table[indices, begin:end]``, in half the time."""
    gathered = np.empty((len(indices), end - begin), dtype=table.dtype)
    for place in range(len(indices)):
        row, into = table[indices[place], begin:end], gathered[place]
        for column in range(end - begin):
            into[column] = row[column]
    return gathered


@compiled
def _average(
    rows: NDArray[np.float32],
    items: NDArray[np.int64],
    weights: NDArray[np.float32],
    into: NDArray[np.float32],
) -> bool:
    """``into[i, a] = sum of weights[i, a, l] * rows[items[i, l]] over l``; whether all had a row."""
    into[:] = 0.0
    length, width = items.shape[1], rows.shape[1]
    near = np.empty((length, width), dtype=rows.dtype)  # while one row is on its way, the next is asked for
    for person in range(len(items)):
        for place in range(length):
            n_weights = 0
            for average in range(weights.shape[1]):
                n_weights += weights[person, average, place] != 0.0
            if n_weights == 0:
                continue
            if not 0 <= items[person, place] < len(rows):
                return False
            row, copied = rows[items[person, place]], near[place]
            for column in range(width):
                copied[column] = row[column]
        for average in range(weights.shape[1]):
            sums = into[person, average]
            for place in range(length):
                weight, copied = weights[person, average, place], near[place]
                if weight != 0.0:
                    for column in range(width):
                        sums[column] += weight * copied[column]
    return True
