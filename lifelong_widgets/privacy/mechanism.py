"""The sum of clipped gradients, with noise that nobody else can know."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.learning import Examples, Gradients, Objective, gradients
from lifelong_widgets.models import Network

_KEY_BYTES = 32


class GaussianMechanism:
    """Gradients of which no single group can have changed more than the noise hides.

    The gradient of each group (an example, or all examples of a person), over the rows of items and all
    dense parameters together, is scaled to a norm of at most C. Their sum gets noise N(0, σ²C²) in *every*
    coordinate, of rows that the batch does not touch as well: noise where the batch is would show where it
    is (B. Ghazi et al., "Sparsity-preserving differentially private training of large embedding models",
    NeurIPS 2023). It is divided by how many groups there were to be, which does not depend on who they are.
    What an optimizer makes of it is post-processing. M. Abadi et al., "Deep learning with differential
    privacy", CCS 2016; of people: H. B. McMahan et al., "Learning differentially private recurrent language
    models", ICLR 2018.

    The noise of a step is drawn by Philox under a key that is a keyed hash (BLAKE2b) of all steps so far, of
    the parameters and of the batch. So the same life gives the same bits, as a journal needs; and lives that
    differ in anything, such as those with and without a person who was forgotten, have noises that have
    nothing to do with each other, else one less the other would show what they differ in.

    Args:
        clipping_norm: C.
        noise_multiplier: σ.
        key: secret, 32 bytes.
    """

    def __init__(self, clipping_norm: float, noise_multiplier: float, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ValueError(f"a key has {_KEY_BYTES} bytes, not {len(key)}")
        self.clipping_norm, self.noise_multiplier, self.key = clipping_norm, noise_multiplier, key
        self.chain = bytes(_KEY_BYTES)  # the hash of all steps so far

    def absorb(self, *arrays: NDArray[Any]) -> None:
        """Let all that is drawn from now on depend on these arrays, too."""
        hash = hashlib.blake2b(self.chain, key=self.key, digest_size=_KEY_BYTES)
        for array in arrays:
            hash.update(repr((array.shape, array.dtype.str)).encode())
            hash.update(np.ascontiguousarray(array).data)
        self.chain = hash.digest()

    def secret_rng(self, purpose: bytes) -> np.random.Generator:
        """A generator that only who has the key can predict; another one after each step."""
        digest = hashlib.blake2b(self.chain + purpose, key=self.key, digest_size=16).digest()
        return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))

    @torch.no_grad()
    def gradients(
        self,
        network: Network,
        examples: Examples,
        groups: NDArray[np.int64],
        expected: float,
        negatives: NDArray[np.int64],
        objective: Objective,
        into: Sequence[torch.Tensor],
    ) -> Gradients:
        """As `learning.gradients.gradients`, of all rows; the dense ones are written to `into`.

        Args:
            network: that is asked; it is not changed.
            examples: the batch, which may be empty.
            groups: (n,), which examples belong together.
            expected: what the sum is divided by.
            negatives: (m,), the items that every example is held against.
            objective: the loss.
            into: one tensor for each of `Network.dense_parameters`.
        """
        rows = np.zeros((len(network.items), network.embedding_dim), dtype=np.float32)
        dense = [torch.zeros_like(part) for part in into]
        losses = np.zeros(len(examples), dtype=np.float32)
        for group in np.unique(groups):
            places = np.flatnonzero(groups == group)
            found = gradients(network, examples[places], negatives, objective, into)
            losses[places] = found.losses
            scale = self._scale(found, into)
            rows[found.indices] += np.float32(scale) * found.embeddings
            for total, part in zip(dense, into, strict=True):
                total.add_(part, alpha=scale)
        rng, deviation = self._step_rng(network, examples, groups, negatives), self._deviation
        rows += deviation * rng.standard_normal(rows.shape, dtype=np.float32)
        rows /= np.float32(expected)
        for part, total in zip(into, dense, strict=True):
            noise = torch.from_numpy(rng.standard_normal(tuple(total.shape), dtype=np.float32))
            part.copy_(total.add_(noise, alpha=float(deviation)).div_(expected))
        loss = float(losses.mean()) if len(losses) else 0.0
        return Gradients(losses, loss, np.arange(len(rows)), rows)

    @property
    def _deviation(self) -> np.float32:
        return np.float32(self.noise_multiplier * self.clipping_norm)

    def _scale(self, found: Gradients, dense: Sequence[torch.Tensor]) -> float:
        """What brings the joint norm down to C; 0 for a gradient that is no number."""
        square = float(np.square(found.embeddings, dtype=np.float64).sum())
        square += sum(float(part.double().square().sum()) for part in dense)
        if not np.isfinite(square):
            return 0.0
        return min(1.0, self.clipping_norm / max(math.sqrt(square), 1e-12))

    def _step_rng(
        self, network: Network, examples: Examples, groups: NDArray[np.int64], negatives: NDArray[np.int64]
    ) -> np.random.Generator:
        """The generator of this step, after which the chain is another one."""
        parameters = [parameter.detach().numpy() for parameter in network.dense_parameters()]
        numbers = examples.history_items, examples.history_rewards, examples.targets, examples.rewards
        self.absorb(network.items.array, *parameters, *numbers, groups, negatives)
        return self.secret_rng(b"noise")
