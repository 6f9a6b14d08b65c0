"""From content to the space of the item vectors."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray


class ContentProjection(torch.nn.Module):
    """A matrix P, a block of rows for each modality of the content, each with a learned weight if gated.

    What is read is ``matrix``, ``[g_1 P_1; g_2 P_2; …]``, so that a score stays one product whatever the gate
    says. The weights are ``g = M softmax(a)`` of the M modalities, all 1 at first: what one gains the others
    lose. Arevalo et al. (2017), "Gated multimodal units for information fusion", with one gate for all items.

    Args:
        widths: how many columns of content each modality has.
        embedding_dim: of the item vectors.
        gated: whether each modality has a weight that is learned.
        generator: of the first values.

    Example:
        >>> content = ContentProjection({"text": 2, "image": 1}, 4, gated=True, generator=torch.Generator())
        >>> content.weights()
        {'text': 1.0, 'image': 1.0}
        >>> with content.without(["image"]):
        ...     content.matrix[2].abs().sum().item()
        0.0
    """

    def __init__(
        self, widths: Mapping[str, int], embedding_dim: int, gated: bool, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.widths = dict(widths)
        first = torch.randn(sum(widths.values()), embedding_dim, generator=generator) * 0.05
        self.projection = torch.nn.Parameter(first)
        self.gate = torch.nn.Parameter(torch.zeros(len(widths))) if gated and len(widths) > 1 else None
        self._kept: torch.Tensor | None = None

    @property
    def matrix(self) -> torch.Tensor:
        """The matrix as it is read, (content_dim, embedding_dim), differentiable."""
        shares = self._shares()
        return self.projection if shares is None else self.projection * shares.unsqueeze(1)

    @torch.no_grad()
    def gates(self) -> NDArray[np.floating]:
        """What each modality counts, (n_modalities,); 1 each unless gated."""
        gates: NDArray[np.floating] = self._gates().numpy()
        return gates

    def weights(self) -> dict[str, float]:
        """The same by name."""
        return dict(zip(self.widths, self.gates().tolist(), strict=True))

    @contextmanager
    def without(self, modalities: Collection[str]) -> Iterator[None]:
        """Within the block these modalities are missing everywhere, and the others take over their share."""
        if not modalities:
            yield
            return
        kept = torch.tensor([float(name not in modalities) for name in self.widths])
        self._kept = kept * (len(kept) / kept.sum().clamp(min=1.0)).sqrt()
        try:
            yield
        finally:
            self._kept = None

    @torch.no_grad()
    def to_parameters(self, into: Sequence[torch.Tensor]) -> None:
        """Turn the gradient of `matrix`, in ``into[0]``, into that of each of `parameters()`."""
        shares = self._shares()
        if shares is None:
            return
        if self.gate is not None:
            of_rows = (self.projection * into[0]).sum(1)
            slopes = torch.stack([part.sum() for part in of_rows.split(list(self.widths.values()))])
            if self._kept is not None:
                slopes = slopes * self._kept
            gates = self._gates()
            into[1].copy_(gates * (slopes - (gates * slopes).mean()))
        into[0].mul_(shares.unsqueeze(1))

    def _gates(self) -> torch.Tensor:
        if self.gate is None:
            return torch.ones(len(self.widths))
        return torch.softmax(self.gate, 0) * len(self.widths)

    def _shares(self) -> torch.Tensor | None:
        """What each row of the projection is multiplied by, (content_dim,); None for 1 each."""
        if self.gate is None and self._kept is None:
            return None
        shares = self._gates() if self._kept is None else self._gates() * self._kept
        return shares.repeat_interleave(torch.tensor(list(self.widths.values())))
