"""Small pictures and sounds, made on the spot: lamps look and sound alike, and buttons unlike them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

RATE = 16_000


def write_media(folder: Path) -> Path:
    """Write a picture and a sound for each item of the shelf into `folder`, and return it."""
    for name, shift in (("lamp", 0), ("second-lamp", 2)):
        lamp(shift).save(folder / f"{name}.png")
        soundfile.write(folder / f"{name}.wav", chirp(440 + 10 * shift, seed=shift), RATE)
    tide = Image.new("RGB", (64, 64), "lightblue")
    ImageDraw.Draw(tide).rectangle((0, 40, 64, 64), fill="navy")
    tide.save(folder / "tide.png")
    soundfile.write(folder / "tide.wav", np.random.default_rng(0).normal(0, 0.1, RATE), RATE)
    buttons = Image.new("RGB", (64, 64), "white")
    for x in range(4, 64, 16):
        for y in range(4, 64, 16):
            ImageDraw.Draw(buttons).ellipse((x, y, x + 8, y + 8), fill="green")
    buttons.save(folder / "buttons.png")
    clicks = np.zeros(RATE)
    clicks[::1_600] = 0.9
    soundfile.write(folder / "buttons.wav", clicks, RATE)
    return folder


def lamp(shift: int = 0) -> Image.Image:
    """A yellow disc in the dark."""
    picture = Image.new("RGB", (64, 64), "black")
    ImageDraw.Draw(picture).ellipse((12 + shift, 12, 48 + shift, 48), fill="yellow")
    return picture


def chirp(pitch: float, seed: int, seconds: float = 1.0) -> np.ndarray:
    """Three tones with pauses between, in faint noise: (n,) float64 at `RATE`."""
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.002, len(time))
    return 0.5 * np.sin(2 * np.pi * pitch * time) * (np.sin(2 * np.pi * 3 * time) > 0) + noise


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """A PNG file of 8 bits of grey a pixel whose header says `width` × `height`, whatever `pixels` has."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")
