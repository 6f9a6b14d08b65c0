"""Changes to pictures and spectrograms after which they still show, or sound like, the same thing."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Augmentation = Callable[[torch.Tensor, torch.Generator], torch.Tensor]
"""A batch, changed at random by the generator in ways that do not matter."""

_MOST_TURNED = math.radians(15)


def changed_pictures(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A batch of pictures, (n, 3, size, size), each cropped, turned, mirrored and recoloured at random.

    Colours change little: they tell a lot of what a picture shows, and should not be learned away.

    >>> batch = torch.zeros(2, 3, 8, 8)
    >>> changed_pictures(batch, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 3, 8, 8])
    """
    n = len(pictures)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    scale, turn = uniform(0.6, 1.1), uniform(-_MOST_TURNED, _MOST_TURNED)
    mirrored = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    cosine, sine = scale * turn.cos(), scale * turn.sin()
    matrix = torch.stack(
        [mirrored * cosine, -sine, uniform(-0.3, 0.3), mirrored * sine, cosine, uniform(-0.3, 0.3)], dim=1
    )
    grid = torch.nn.functional.affine_grid(matrix.view(n, 2, 3), list(pictures.shape), align_corners=False)
    moved = torch.nn.functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    gray = moved.mean(dim=1, keepdim=True)
    saturation = uniform(0.7, 1.3, 1, 1, 1)
    return (gray + saturation * (moved - gray)) * uniform(0.8, 1.2, 1, 1, 1) + uniform(-0.1, 0.1, 3, 1, 1)


def changed_spectrograms(spectrograms: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A batch of spectrograms, (n, n_frames, n_bands), each shifted, made louder and masked at random.

    Masks over time and frequency: Park et al., "SpecAugment" (2019).

    >>> batch = torch.zeros(2, 50, 40)
    >>> changed_spectrograms(batch, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 50, 40])
    """
    n, n_frames, n_bands = spectrograms.shape

    def whole(low: int, high: int) -> torch.Tensor:
        return torch.randint(low, high + 1, (n, 1), generator=generator)

    frames, bands = torch.arange(n_frames), torch.arange(n_bands)
    later = (frames - whole(0, n_frames // 4)) % n_frames
    higher = (bands - whole(-2, 2)).clamp(0, n_bands - 1)
    moved = spectrograms.gather(1, later[:, :, None].expand(-1, -1, n_bands))
    moved = moved.gather(2, higher[:, None].expand(-1, n_frames, -1))
    start, low = whole(0, n_frames - 1), whole(0, n_bands - 1)
    masked = ((frames >= start) & (frames < start + n_frames // 8))[:, :, None]
    masked = masked | ((bands >= low) & (bands < low + n_bands // 8))[:, None]
    louder = 0.8 + 0.4 * torch.rand(n, 1, 1, generator=generator)
    noise = 0.1 * torch.randn(moved.shape, generator=generator)
    return moved.masked_fill(masked, 0.0) * louder + noise
