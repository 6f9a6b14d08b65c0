"""The items as rows: a learned embedding and the content beside it, in one table that grows."""

from __future__ import annotations

import math

import numpy as np
import torch

from lifelong_widgets.errors import FormatError

_GROWN_AT_ONCE = 16_384


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
        self._rows = torch.zeros(0, width)
        # first moment, second moment and step count of each row lie in one table: one gather, one scatter
        self._adam = torch.zeros(0, 2 * embedding_dim + 1)

    def __len__(self) -> int:
        return self._n

    @property
    def rows(self) -> torch.Tensor:
        """All rows, (n_items, embedding_dim + content_dim), float32; a view, not a copy."""
        return self._rows[: self._n]

    @property
    def embeddings(self) -> torch.Tensor:
        """The learned part of all rows; a view."""
        return self._rows[: self._n, : self.embedding_dim]

    @property
    def n_updates(self) -> torch.Tensor:
        """How many optimizer steps each item has had, shape (n_items,)."""
        return self._adam[: self._n, -1]

    def gather(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Copies of the two parts of some rows: (n, embedding_dim) and (n, content_dim)."""
        rows = self.rows.index_select(0, indices)
        return rows[:, : self.embedding_dim], rows[:, self.embedding_dim :]

    def averages(self, items: np.ndarray, weights: torch.Tensor) -> torch.Tensor:
        """Weighted sums of whole rows, (n, n_averages, width of a row); a weight of 0 adds nothing.

        Args:
            items: (n, length), int64; any index where the weights are 0.
            weights: (n, n_averages, length).
        """
        n, n_averages, length = weights.shape
        if n == 1:  # the usual list is of one person: few rows, and the fewest operations are the quickest
            return (weights[0] @ self.rows.index_select(0, torch.from_numpy(items[0]))).unsqueeze(0)
        each = np.repeat(items, n_averages, axis=0).reshape(-1)
        scales = weights.reshape(-1)
        wanted = scales.numpy() != 0
        starts = np.arange(0, wanted.size, length)
        if not wanted.all():
            each, scales = each[wanted], torch.from_numpy(scales.numpy()[wanted])
            starts = (np.cumsum(wanted) - wanted)[starts]
        # a bag sums the rows as it reads them: no copy of them is made
        sums = torch.embedding_bag(
            self.rows, torch.from_numpy(each), torch.from_numpy(starts), per_sample_weights=scales
        )[0]
        return sums.view(n, n_averages, -1)

    def grow(self, content: np.ndarray) -> None:
        """Append one row for each row of `content`, (n_new, content_dim), float32."""
        start, end = self._n, self._n + len(content)
        self._reserve(end)
        for begin in range(start, end, _GROWN_AT_ONCE):  # the draws take four times the memory of the rows
            stop = min(begin + _GROWN_AT_ONCE, end)
            self._rows[begin:stop, : self.embedding_dim] = self._initial_values(begin, stop)
        self._rows[start:end, self.embedding_dim :] = torch.from_numpy(content.astype(np.float32))
        self._adam[start:end] = 0.0
        self._n = end

    def adam_step(
        self,
        indices: torch.Tensor,
        gradients: torch.Tensor,
        learning_rates: torch.Tensor | float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        before: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> None:
        """Move the embeddings of `indices` only: Adam with moments and bias correction of each row's own.

        A row that is not in the batch costs nothing and does not move (lazy Adam; the moments of a row decay
        at its own steps). Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.

        Args:
            indices: (n,), int64, each at most once.
            gradients: (n, embedding_dim).
            learning_rates: the size of the step, one for all or (n, 1), one a row.
            betas: decay of the two moments.
            epsilon: added to the denominator.
            before: what `learned` says of these rows, if it was asked already; it is not changed.
        """
        beta1, beta2 = betas
        dim = self.embedding_dim
        embeddings, old = self.learned(indices) if before is None else before
        decay = np.full(2 * dim + 1, beta1, dtype=np.float32)
        decay[dim:] = beta2
        decay[-1] = 1.0
        new = old * torch.from_numpy(decay)
        new[:, :dim].add_(gradients, alpha=1 - beta1)
        second = new[:, dim : 2 * dim].addcmul_(gradients, gradients, value=1 - beta2)
        n_updates = new[:, 2 * dim :].numpy()
        n_updates += 1
        # with c = 1 - beta^t the step is rate · (m / c1) / (sqrt(v / c2) + eps), here m / (a · sqrt(v) + b):
        # what is a row's own is worked out on n numbers, not on n · dim
        root = np.sqrt(-np.expm1(n_updates * math.log(beta2)))
        rates = learning_rates.numpy() if isinstance(learning_rates, torch.Tensor) else learning_rates
        a = -np.expm1(n_updates * math.log(beta1)) / (root * rates)
        b = a * root * epsilon
        moved = torch.addcmul(torch.from_numpy(b), second.sqrt(), torch.from_numpy(a))
        torch.addcdiv(embeddings, new[:, :dim], moved, value=-1, out=moved)
        self.put_back(indices, moved, new)

    def learned(self, indices: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Copies of what a step moves of some rows, for `put_back`: their embeddings, and their moments."""
        return self.embeddings.index_select(0, indices), self.moments(indices)

    def moments(self, indices: torch.Tensor) -> torch.Tensor:
        """A copy of the optimizer's state of some rows, (n, 2 · embedding_dim + 1)."""
        return self._adam.index_select(0, indices)

    def put_back(self, indices: torch.Tensor, embeddings: torch.Tensor, moments: torch.Tensor) -> None:
        """Make some rows what `learned` once said they were."""
        where = indices.numpy()  # numpy scatters rows in half the time
        self.embeddings.numpy()[where] = embeddings.numpy()
        self._adam.numpy()[where] = moments.numpy()

    def get_state(self) -> dict[str, torch.Tensor]:
        """Everything, as contiguous tensors that share no memory with the table."""
        n = self._n
        return {
            "rows": self._rows[:n].clone(),
            "adam": self._adam[:n].clone(),
        }

    def set_state(self, state: dict[str, torch.Tensor]) -> None:
        """Take a state back; the widths must be those of this table."""
        expected = (self.embedding_dim + self.content_dim, 2 * self.embedding_dim + 1)
        for (name, tensor), width in zip(state.items(), expected, strict=True):
            if tensor.ndim != 2 or tensor.shape[1] != width or len(tensor) != len(state["rows"]):
                shape = tuple(tensor.shape)
                raise FormatError(f"item table: {name} has shape {shape}, expected (n, {width})")
            if tensor.dtype != torch.float32 or not torch.isfinite(tensor).all():
                raise FormatError(f"item table: {name} must hold finite float32, not {tensor.dtype}")
        self._rows, self._adam = (tensor.clone() for tensor in state.values())
        self._n = len(self._rows)

    def _reserve(self, n: int) -> None:
        if n <= len(self._rows):
            return
        capacity = max(n, 2 * len(self._rows), 16)
        for name in ("_rows", "_adam"):
            old = getattr(self, name)
            new = torch.zeros(capacity, old.shape[1])
            new[: self._n] = old[: self._n]
            setattr(self, name, new)

    def _initial_values(self, start: int, end: int) -> torch.Tensor:
        # Philox is counter-based: row i always reads the same stretch of it, however the table grew.
        draws_a_row = -(-self.embedding_dim // 4) * 4
        bits = np.random.Philox(key=self.seed)
        bits.advance(start * draws_a_row // 4)
        uniform = np.random.Generator(bits).random((end - start, draws_a_row))[:, : self.embedding_dim]
        bound = self.initial_scale * 3**0.5  # the uniform distribution with this standard deviation
        return torch.from_numpy(((2 * uniform - 1) * bound).astype(np.float32))
