"""The networks that read pictures and spectrograms. None of their layers mixes the rows of a batch."""

from __future__ import annotations

import torch
from torch import nn

WIDTH = 128
"""Columns of what each of them gives."""

_STACKED = 4  # frames that the GRU reads at once


def _layer(
    n_in: int, n_out: int, kernel: tuple[int, int] = (3, 3), stride: tuple[int, int] = (2, 2)
) -> nn.Module:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return nn.Sequential(nn.Conv2d(n_in, n_out, kernel, stride, padding), nn.GELU())


def _averages_and_maxima(found: torch.Tensor) -> torch.Tensor:
    return torch.cat([found.mean(dim=(2, 3)), found.amax(dim=(2, 3))], dim=1)


class PictureCNN(nn.Module):
    """Three convolutions over (n, 3, size, size), each halving the size; averages and maxima of the last.

    >>> PictureCNN()(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 128])
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(_layer(3, 32), _layer(32, 64), _layer(64, WIDTH // 2))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The code of each picture, (n, WIDTH)."""
        return _averages_and_maxima(self.layers(pictures))


class SoundCNN(nn.Module):
    """Three convolutions over spectrograms, (n, n_frames, n_bands); averages and maxima of the last.

    >>> SoundCNN()(torch.zeros(2, 100, 40)).shape
    torch.Size([2, 128])
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(_layer(1, 16, (5, 3), (4, 2)), _layer(16, 32), _layer(32, WIDTH // 2))

    def forward(self, spectrograms: torch.Tensor) -> torch.Tensor:
        """The code of each spectrogram, (n, WIDTH)."""
        return _averages_and_maxima(self.layers(spectrograms[:, None]))


class SoundGRU(nn.Module):
    """A gated recurrent unit (Cho et al., 2014) over the frames of spectrograms, (n, n_frames, n_bands).

    It reads four frames, 80 ms, at once; its states are averaged over time, and their maxima taken.

    >>> SoundGRU(n_bands=40)(torch.zeros(2, 100, 40)).shape
    torch.Size([2, 128])
    """

    def __init__(self, n_bands: int) -> None:
        super().__init__()
        self.gru = nn.GRU(n_bands * _STACKED, WIDTH // 2, batch_first=True)

    def forward(self, spectrograms: torch.Tensor) -> torch.Tensor:
        """The code of each spectrogram, (n, WIDTH)."""
        n, n_frames, n_bands = spectrograms.shape
        steps = -(-n_frames // _STACKED)
        padded = nn.functional.pad(spectrograms, (0, 0, 0, steps * _STACKED - n_frames))
        states, _ = self.gru(padded.reshape(n, steps, n_bands * _STACKED))
        return torch.cat([states.mean(dim=1), states.amax(dim=1)], dim=1)
