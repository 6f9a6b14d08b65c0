"""The items as rows: a learned embedding and the content beside it, in one table that grows."""

from __future__ import annotations

import numpy as np
import torch

from lifelong_widgets.errors import FormatError


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
        rows = self.rows[indices]
        return rows[:, : self.embedding_dim], rows[:, self.embedding_dim :]

    def grow(self, content: np.ndarray) -> None:
        """Append one row for each row of `content`, (n_new, content_dim), float32."""
        start, end = self._n, self._n + len(content)
        self._reserve(end)
        self._rows[start:end, : self.embedding_dim] = self._initial_values(start, end)
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
        """
        beta1, beta2 = betas
        dim = self.embedding_dim
        state = self._adam[indices]
        first, second, n_updates = state[:, :dim], state[:, dim : 2 * dim], state[:, 2 * dim :]
        first.lerp_(gradients, 1 - beta1)
        second.mul_(beta2).addcmul_(gradients, gradients, value=1 - beta2)
        n_updates.add_(1.0)
        self._adam[indices] = state
        denominator = (second / (1 - beta2**n_updates)).sqrt_().add_(epsilon)
        step = first / denominator.mul_(1 - beta1**n_updates)
        self.embeddings.index_add_(0, indices, step.mul_(learning_rates), alpha=-1)

    def moments(self, indices: torch.Tensor) -> torch.Tensor:
        """A copy of the optimizer's state of some rows, (n, 2 · embedding_dim + 1)."""
        return self._adam[indices]

    def put_back(self, indices: torch.Tensor, embeddings: torch.Tensor, moments: torch.Tensor) -> None:
        """Make some rows what `gather` and `moments` once said they were."""
        self.embeddings[indices] = embeddings
        self._adam[indices] = moments

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
