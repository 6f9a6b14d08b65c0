"""Log-mel spectrograms, and spectral gating against steady noise."""

from __future__ import annotations

from functools import cache

import numpy as np

from lifelong_widgets.featurizers.base import Array

RATE = 16_000
"""Samples a second."""

N_MELS = 40

HOP = 320
"""Samples from one frame to the next: 20 ms."""

_WINDOW = 640
_RANGE = 80.0  # decibels below the loudest band that are told from silence
_NOISE_QUANTILE = 0.1  # of the frames of a band, which are taken to hold nothing but noise
_GATE = 3.0  # times the mean power of the noise, above which sound is let through
_LEFT_OF_NOISE = 0.01  # of its power


def log_mel(samples: Array, n_frames: int, denoise: bool = False) -> Array:
    """(n_frames, N_MELS) float32 from 0 (silence) to 1 (the loudest band) of `samples` at `RATE` Hz.

    A shorter sound is followed by silence. `denoise` is `gated`. The mel scale is that of Stevens, Volkmann
    and Newman (1937) as O'Shaughnessy (1987) writes it, m = 2595 log10(1 + f / 700).

    >>> tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    >>> picture = log_mel(tone, n_frames=60)
    >>> picture.shape, int(picture[10].argmax()), float(picture[55].max())
    ((60, 40), 7, 0.0)
    """
    from scipy.signal import ShortTimeFFT, get_window  # not before there is a sound: it is large

    transform = ShortTimeFFT(get_window("hann", _WINDOW), HOP, RATE)
    padded = np.zeros(n_frames * HOP)
    n_samples = min(len(samples), len(padded))
    padded[:n_samples] = samples[:n_samples]
    power = np.abs(transform.stft(padded, p0=0, p1=n_frames)) ** 2
    if denoise:
        n_heard = max(1, -(-n_samples // HOP))  # the silence that was added says nothing of the noise
        power[:, :n_heard] = gated(power[:, :n_heard])
    mel = _mel_filters() @ power
    loudest = mel.max(initial=0.0)
    if loudest <= 1e-12:
        return np.zeros((n_frames, N_MELS), dtype=np.float32)
    decibels = 10 * np.log10(np.maximum(mel / loudest, 10 ** (-_RANGE / 10)))
    scaled: Array = (decibels.T / _RANGE + 1).astype(np.float32)
    return scaled


def gated(power: Array) -> Array:
    """A power spectrogram, (n_frequencies, n_frames), in which steady noise is turned down by 20 decibels.

    The quietest tenth of the frames of a frequency tell the mean power of its noise, since that of noise is
    exponentially distributed; where the power is less than three times that, nothing but noise is heard.
    After Boll, "Suppression of acoustic noise in speech using spectral subtraction" (1979), with a gate in
    place of the subtraction. A tone that never stops counts as noise.

    >>> gated(np.array([[1.0, 1.2, 90.0, 1.1]])).round(3).tolist()
    [[0.01, 0.012, 90.0, 0.011]]
    """
    quietest = np.quantile(power, _NOISE_QUANTILE, axis=1, keepdims=True)
    noise = quietest / -np.log1p(-_NOISE_QUANTILE)
    turned_down: Array = np.where(power > _GATE * noise, power, _LEFT_OF_NOISE * power)
    return turned_down


@cache
def _mel_filters() -> Array:
    """(N_MELS, n_frequencies): triangles that overlap by half, each of area 1."""
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    edges = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), N_MELS + 2)
    edges = 700 * (10 ** (edges / 2595) - 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    triangles: Array = np.maximum(0, np.minimum(rising, falling))
    triangles /= triangles.sum(axis=1, keepdims=True)
    return triangles
