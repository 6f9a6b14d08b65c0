"""Sounds: the first seconds of a file, as one channel at one rate."""

from __future__ import annotations

from math import gcd
from types import ModuleType
from typing import BinaryIO

import numpy as np

from lifelong_widgets.errors import MediaError, MissingExtraError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.media.files import opened

MAX_SOUND_BYTES = 2**28
"""Of the file of a sound; however long it is, only its first seconds are decoded."""

MAX_CHANNELS = 8

SAMPLE_RATES = (2_000, 192_000)
"""The lowest and the highest sample rate that is read, in Hz."""

_FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3", "AIFF")
_BLOCK = 16_384  # frames decoded at once


def read_sound(path: str, rate: int, seconds: float) -> Array:
    """The first `seconds` of the sound at `path`: (n_samples,) float32 at `rate` Hz, within -1 and 1.

    Channels are averaged. A shorter sound gives fewer samples.

    Raises:
        MediaError: it is no file of at most `MAX_SOUND_BYTES`, no WAV, FLAC, Ogg, MP3 or AIFF, has another
            number of channels or another sample rate than is read, no sample at all, or is damaged.
        MissingExtraError: soundfile is not installed.

    >>> import soundfile, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/long.ogg", np.zeros((80_000, 2)), samplerate=8_000)
    ...     read_sound(f"{folder}/long.ogg", rate=16_000, seconds=2).shape
    (32000,)
    """
    try:
        import soundfile
    except ImportError:
        raise MissingExtraError(
            "reading sounds needs soundfile: pip install 'lifelong-widgets[media]'"
        ) from None
    with opened(path, MAX_SOUND_BYTES) as file:
        try:
            samples, found_rate = _first_seconds(soundfile, file, seconds)
            return _resampled(samples, found_rate, rate)
        except MediaError as error:
            raise MediaError(f"{path!r:.300} {error}") from None
        except Exception as error:  # a decoder fed with anything at all may raise anything at all
            raise MediaError(f"{path!r:.300} cannot be decoded: {error!s:.200}") from None


def _first_seconds(soundfile: ModuleType, file: BinaryIO, seconds: float) -> tuple[Array, int]:
    with soundfile.SoundFile(file) as sound:
        if sound.format not in _FORMATS:
            raise MediaError(f"is {sound.format!r:.20}; it must be one of {', '.join(_FORMATS)}")
        if sound.channels > MAX_CHANNELS:
            raise MediaError(f"has {sound.channels:,} channels; the limit is {MAX_CHANNELS}")
        lowest, highest = SAMPLE_RATES
        if not lowest <= sound.samplerate <= highest:
            raise MediaError(f"has {sound.samplerate:,} samples a second, not {lowest:,} to {highest:,}")
        wanted = max(1, round(seconds * sound.samplerate))
        parts: list[Array] = []
        while wanted > 0 and len(block := sound.read(min(_BLOCK, wanted), "float32", always_2d=True)):
            parts.append(block.mean(axis=1))
            wanted -= len(block)
        if not parts:
            raise MediaError("has no samples")
        samples = np.concatenate(parts)
        if not np.isfinite(samples).all():
            raise MediaError("has samples that are no finite numbers")
        return np.clip(samples, -1, 1), sound.samplerate


def _resampled(samples: Array, found: int, wanted: int) -> Array:
    from scipy.signal import resample_poly

    common = gcd(found, wanted)
    if found == wanted:
        return samples
    changed: Array = resample_poly(samples, wanted // common, found // common).astype(np.float32)
    return changed
