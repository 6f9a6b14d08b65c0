"""The gradient of a whole log, added up batch by batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.learning.at_items import Gradients


class WholeGradient:
    """The sum of the gradients of many batches, each with its share. Takes the memory of the embeddings.

    Args:
        n_items: how many items there are.
        dim: width of their embeddings.
        dense: tensors of the shapes of the dense gradients.
    """

    def __init__(self, n_items: int, dim: int, dense: Sequence[torch.Tensor]) -> None:
        self._rows = np.zeros((n_items, dim), dtype=np.float32)
        self._touched, self._taken = np.zeros(n_items, dtype=bool), np.zeros(n_items, dtype=bool)
        self.dense = [torch.zeros_like(part) for part in dense]
        self._loss = 0.0

    @property
    def taken(self) -> NDArray[np.int64]:
        """The items that somebody has taken in one of the batches."""
        return np.flatnonzero(self._taken)

    def add(
        self, found: Gradients, dense: Sequence[torch.Tensor], share: float, taken: NDArray[np.int64]
    ) -> None:
        """Add `share` times the gradients of a batch, in which the items `taken` were taken."""
        self._taken[taken] = True
        self._rows[found.indices] += np.float32(share) * found.embeddings
        self._touched[found.indices] = True
        for total, part in zip(self.dense, dense, strict=True):
            total.add_(part, alpha=share)
        self._loss += share * found.loss

    def total(self) -> Gradients:
        """The sum, of the items that any batch has touched, without the losses of single examples."""
        indices = np.flatnonzero(self._touched)
        return Gradients(np.zeros(0, dtype=np.float32), self._loss, indices, self._rows[indices])
