"""A denoising autoencoder as a reducer: a small network that restores what was struck out of a row."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np
from scipy import sparse

from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.reduction import Matrix, Reducer, mask, product

_STEPS, _ROWS_A_STEP = 600, 128
_STRUCK_OUT = 0.5
_LEARNING_RATE = 1e-2


class AutoencoderReducer(Reducer):
    """The code of a denoising autoencoder with one hidden layer: ``tanh(row @ weights + bias)``.

    Vincent et al. (2008), "Extracting and composing robust features with denoising autoencoders": half of
    what a row has is struck out, and the network learns to restore the whole row from the code of the rest.
    The loss is one less the cosine of the row and what was restored, so that long rows count no more than
    short ones. It is trained with Adam in a fixed number of steps, each of which costs what its rows hold and
    what the parameters are; the wide restored rows are never made. A row is coded less the code of an empty
    one, which says nothing.

    Example:
        >>> rows = np.kron(np.eye(2), np.ones((8, 3)))  # two kinds of rows
        >>> codes = AutoencoderReducer(n_components=4).fit_transform(rows)
        >>> bool(codes[0] @ codes[1] > 0 > codes[0] @ codes[-1])
        True
    """

    def fit(self, matrix: Matrix, y: None = None) -> Self:
        """Train the network on `matrix`."""
        rows = sparse.csr_matrix(matrix, dtype=np.float32)
        rows = rows[np.diff(rows.indptr) > 0]
        from lifelong_widgets.threads import one_thread  # loads torch, which most features do without

        with one_thread():
            learned = _train(rows, self.n_components, self.seed)
        squares = np.asarray(rows.multiply(rows).sum(axis=0)).ravel()
        return self.set_state({**learned, "scales": np.sqrt(squares / max(rows.shape[0], 1))})

    def transform(self, matrix: Matrix) -> Array:
        """The code of each row of `matrix`."""
        return mask(matrix, np.tanh(product(matrix, self.weights_) + self.bias_) - self.center_)

    @property
    def directions(self) -> Array:
        """The weights times how large each input commonly is: a rare input's are still what they began as."""
        directions: Array = (self.weights_ * self.scales_[:, None]).T
        return directions

    def get_state(self) -> dict[str, Any]:
        """The weights and the bias of the code, the code of an empty row, the size of each input (arrays)."""
        return {
            "weights": self.weights_,
            "bias": self.bias_,
            "center": self.center_,
            "scales": self.scales_,
        }

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self.weights_: Array = state["weights"]
        self.bias_: Array = state["bias"]
        self.center_: Array = state["center"]
        self.scales_: Array = state["scales"]
        return self


def _train(rows: sparse.csr_matrix, n_components: int, seed: int) -> dict[str, Array]:
    import torch
    from torch.nn import functional

    n_rows, n_inputs = rows.shape
    if n_rows == 0 or n_inputs == 0:
        nothing = np.zeros(n_components, dtype=np.float32)
        return {"weights": np.zeros((n_inputs, n_components), np.float32), "bias": nothing, "center": nothing}
    generator = torch.Generator().manual_seed(seed)

    def parameter(*shape: int, scale: float) -> torch.Tensor:
        return (scale * torch.randn(*shape, generator=generator)).requires_grad_()

    weights, bias = parameter(n_inputs, n_components, scale=0.1), parameter(n_components, scale=0.0)
    restore, offset = parameter(n_inputs, n_components, scale=0.1), parameter(n_inputs, 1, scale=0.0)
    adam = torch.optim.Adam([weights, bias, restore, offset], lr=_LEARNING_RATE)
    rng = np.random.default_rng(seed)
    for _ in range(_STEPS):
        batch = rows[rng.choice(n_rows, size=min(n_rows, _ROWS_A_STEP), replace=False)]
        words, starts = (torch.from_numpy(a.astype(np.int64)) for a in (batch.indices, batch.indptr[:-1]))
        values = torch.from_numpy(batch.data)
        lengths = np.sqrt(np.asarray(batch.multiply(batch).sum(axis=1)).ravel())
        kept = torch.rand(len(values), generator=generator) >= _STRUCK_OUT
        # embedding_bag(words, table, starts, per_sample_weights=values) is batch @ table
        times = partial(functional.embedding_bag, words, offsets=starts, mode="sum")
        noisy = times(weights, per_sample_weights=values * kept / (1 - _STRUCK_OUT))
        code = torch.tanh(noisy + bias)
        # The cosine of the row and of restore @ code + offset, which is wide and is never made: its product
        # with the row, and its length by the small product of `restore` with itself.
        dot = (code * times(restore, per_sample_weights=values)).sum(1)
        dot = dot + times(offset, per_sample_weights=values)[:, 0]
        square = (code @ (restore.T @ restore) * code).sum(1) + 2 * code @ (restore.T @ offset)[:, 0]
        length = (square + (offset * offset).sum()).clamp_min(1e-12).sqrt()
        loss = 1 - (dot / (length * torch.from_numpy(lengths))).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    learned = {"weights": weights, "bias": bias, "center": torch.tanh(bias)}
    return {name: tensor.detach().numpy().copy() for name, tensor in learned.items()}
