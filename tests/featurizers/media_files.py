"""Small pictures and sounds, made on the spot: lamps look and sound alike, and buttons unlike them."""

from __future__ import annotations

import io
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


def silent_ogg(minutes: int) -> bytes:
    """Silence as Ogg Vorbis at 8 kHz: the pages of one minute, repeated with new times and checksums."""
    written = io.BytesIO()
    soundfile.write(written, np.zeros(60 * 8_000, dtype=np.float32), 8_000, format="OGG")
    pages = [b"OggS" + rest for rest in written.getvalue().split(b"OggS")[1:]]
    times = [struct.unpack_from("<q", page, 6)[0] for page in pages]
    headers = [page for page, time in zip(pages, times, strict=True) if time <= 0]
    sounding = [(page, time) for page, time in zip(pages, times, strict=True) if time > 0]
    ogg = bytearray(b"".join(headers))
    number, serial = len(headers), struct.unpack_from("<I", pages[0], 14)[0]
    for minute in range(minutes):
        for place, (page, time) in enumerate(sounding):
            last = minute == minutes - 1 and place == len(sounding) - 1
            head = struct.pack("<BBqIII", 0, 4 * last, time + minute * times[-1], serial, number, 0)
            ogg += _with_checksum(b"OggS" + head + page[26:])
            number += 1
    return bytes(ogg)


def _with_checksum(page: bytes) -> bytes:
    """An Ogg page with the CRC-32 of RFC 3533: not zlib's, which reflects the bits."""
    check = 0
    for byte in page:
        check = (check << 8) & 0xFFFFFFFF ^ _CRC[check >> 24 ^ byte]
    return page[:22] + struct.pack("<I", check) + page[26:]


def _crc_of(byte: int) -> int:
    check = byte << 24
    for _ in range(8):
        check = (check << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if check >> 31 else check << 1
    return check


_CRC = [_crc_of(byte) for byte in range(256)]
