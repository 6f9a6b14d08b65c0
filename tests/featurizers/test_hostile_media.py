"""Whatever a path leads to: a typed error or bounded work, and never a killed kernel."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lifelong_widgets.errors import DataError, MediaError
from lifelong_widgets.featurizers.media import pictures, read_picture, read_sound, sounds
from lifelong_widgets.featurizers.media.spectrogram import N_MELS, RATE, gated, log_mel
from tests.featurizers.media_files import chirp, lamp, png, silent_ogg


def read_either(path: Path | str) -> None:
    for read in (lambda: read_picture(str(path), 32), lambda: read_sound(str(path), RATE, 1)):
        with pytest.raises(MediaError) as error:
            read()
        assert isinstance(error.value, DataError)
        assert str(path)[:50] in str(error.value)


# ---- paths ---------------------------------------------------------------------------------------------


def test_addresses_are_not_fetched():
    for address in ("http://127.0.0.1:9/a.png", "HTTPS://example.org/a", "file:///etc/passwd", "data:,x"):
        with pytest.raises(MediaError, match="is an address, and nothing is fetched"):
            read_picture(address, 32)
        with pytest.raises(MediaError, match="is an address, and nothing is fetched"):
            read_sound(address, RATE, 1)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "pipe.png")
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    for name in ("pipe.png", "link.png", "round.png", "gone.png", "."):
        read_either(tmp_path / name)
    read_either("/dev/zero")
    read_either(str(tmp_path / ("x" * 5_000)))
    for odd in ("a\0b", "\ud83d", ""):
        with pytest.raises(MediaError):
            read_picture(odd, 32)


def test_an_empty_file_and_one_of_another_kind_are_refused(tmp_path):
    for name, content in {
        "empty": b"",
        "text": b"Not a picture",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }.items():
        (tmp_path / name).write_bytes(content)
        read_either(tmp_path / name)


def test_a_file_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    lamp().save(tmp_path / "lamp.png")
    soundfile.write(tmp_path / "tone.wav", chirp(440, 0), RATE)
    monkeypatch.setattr(pictures, "MAX_PICTURE_BYTES", 100)
    monkeypatch.setattr(sounds, "MAX_SOUND_BYTES", 100)
    with pytest.raises(MediaError, match="bytes; the limit is 100"):
        read_picture(f"{tmp_path}/lamp.png", 32)
    with pytest.raises(MediaError, match="bytes; the limit is 100"):
        read_sound(f"{tmp_path}/tone.wav", RATE, 1)


# ---- pictures ------------------------------------------------------------------------------------------

_PEAK = """
import resource, sys
from lifelong_widgets.errors import MediaError
from lifelong_widgets.featurizers.media import read_picture
read_picture(sys.argv[1], 32)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for bomb in sys.argv[2:]:
    try:
        read_picture(bomb, 32)
    except MediaError as error:
        print(error, file=sys.stderr)
    else:
        sys.exit("it was read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_header_of_many_pixels_is_refused_in_constant_memory(tmp_path):
    lamp().save(tmp_path / "lamp.png")
    lamp().save(tmp_path / "lamp.gif")
    gif = (tmp_path / "lamp.gif").read_bytes()
    size = (16_382).to_bytes(3, "little") * 2
    frame = b"ANIM\x06\0\0\0" + b"\0" * 6
    body = b"WEBPVP8X\x0a\0\0\0\x02\0\0\0" + size + frame
    bombs = {
        "50000.png": png(50_000, 50_000, b"\0" * 50_001),
        "10000.png": png(10_000, 10_000, b"\0" * 10_001),  # pillow itself would only warn of this one
        "65535.gif": gif[:6] + b"\xff\xff\xff\xff" + gif[10:],
        "16383.webp": b"RIFF" + len(body).to_bytes(4, "little") + body,
    }
    for name, content in bombs.items():
        (tmp_path / name).write_bytes(content)
    command = [sys.executable, "-W", "error", "-c", _PEAK, f"{tmp_path}/lamp.png"]
    done = subprocess.run(
        [*command, *(f"{tmp_path}/{name}" for name in bombs)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 30_000, f"{done.stdout} kB more than for a small picture"
    assert done.stderr.count("the limit is 50,000,000 in all") >= 3
    assert "Warning" not in done.stderr


@pytest.mark.parametrize("name", ["lamp.jpg", "lamp.png", "lamp.gif", "lamp.webp", "lamp.bmp"])
def test_a_truncated_picture_is_refused(tmp_path, name):
    lamp().save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MediaError, match=r"is damaged|is no PNG"):
        read_picture(f"{tmp_path}/{name}", 32)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_gives_the_same_picture(tmp_path, mode):
    gray = Image.new("L", (40, 40), 128).convert("RGB")
    if mode == "I;16":
        picture = Image.fromarray(np.full((40, 40), 128 * 257, dtype=np.uint16))
    else:
        picture = gray.quantize(2) if mode == "P" else gray.convert(mode)
    path = tmp_path / ("gray.jpg" if mode == "CMYK" else "gray.png")
    picture.save(path)
    found = read_picture(str(path), 16)
    assert found.shape == (16, 16, 3)
    assert found.dtype == np.uint8
    if mode == "1":  # dithered: as light as grey only on average
        assert abs(found.mean() - 128) < 10
    else:
        np.testing.assert_allclose(found, 128, atol=2)


def test_what_is_transparent_is_white_and_what_is_not_square_is_padded(tmp_path):
    clear = Image.new("RGBA", (20, 10), (0, 0, 0, 0))
    clear.putpixel((10, 5), (255, 0, 0, 255))
    clear.save(tmp_path / "clear.png")
    palette = clear.convert("P")
    palette.save(tmp_path / "clear.gif", transparency=palette.getpixel((0, 0)))
    for name in ("clear.png", "clear.gif"):
        found = read_picture(f"{tmp_path}/{name}", 20)
        assert (found == 255).all(axis=2).sum() == 20 * 20 - 1, "all but the one red pixel"


def test_of_an_animation_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_allclose(read_picture(f"{tmp_path}/two.gif", 8)[4, 4], (255, 0, 0), atol=3)


def test_denoising_removes_specks(tmp_path):
    rng = np.random.default_rng(0)
    clean = np.array(lamp())
    specks = clean.copy()
    specks[rng.random((64, 64)) < 0.1] = 255
    paths = [tmp_path / "clean.png", tmp_path / "specks.png"]
    for path, pixels in zip(paths, (clean, specks), strict=True):
        Image.fromarray(pixels).save(path)
    truth = read_picture(str(paths[0]), 32).astype(float)
    left = [np.abs(read_picture(str(paths[1]), 32, denoise) - truth).mean() for denoise in (False, True)]
    assert left[1] < 0.3 * left[0]


def as_bytes(kind: str) -> bytes:
    written = io.BytesIO()
    if kind in ("WAV", "OGG", "FLAC"):
        soundfile.write(written, chirp(440, 0, seconds=0.1), RATE, format=kind)
    else:
        lamp().save(written, kind)
    return written.getvalue()


WHOLE = {kind: as_bytes(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "WAV", "OGG", "FLAC")}


@given(
    kind=st.sampled_from(sorted(WHOLE)),
    changes=st.lists(
        st.tuples(st.integers(0, 200), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4
    ),
    end=st.integers(0, 4_000),
)
def test_damaged_files_give_a_picture_a_sound_or_a_typed_error(tmp_path_factory, kind, changes, end):
    content = bytearray(WHOLE[kind])
    for place, bytes_there in changes:
        content[place : place + len(bytes_there)] = bytes_there
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: max(end, 1)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            if kind in ("WAV", "OGG", "FLAC"):
                samples = read_sound(str(path), RATE, 0.1)
                assert len(samples) <= 1_601
                assert np.isfinite(log_mel(samples, 5)).all()
            else:
                assert read_picture(str(path), 8).shape == (8, 8, 3)
        except MediaError:
            pass


# ---- sounds --------------------------------------------------------------------------------------------


def test_of_ten_silent_hours_only_the_first_seconds_are_decoded(tmp_path, monkeypatch):
    path = tmp_path / "night.ogg"
    path.write_bytes(silent_ogg(minutes=600))
    assert soundfile.info(path).duration == pytest.approx(36_000)
    n_read = []
    read = soundfile.SoundFile.read

    def counted(self, frames, *args, **kwargs):
        n_read.append(frames)
        return read(self, frames, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    samples = read_sound(str(path), RATE, seconds=4)
    assert samples.shape == (4 * RATE,)
    assert sum(n_read) == 4 * 8_000
    assert not log_mel(samples, 200).any()


@pytest.mark.parametrize(
    ("rate", "channels", "message"),
    [(100, 1, "100 samples a second"), (900_000, 1, "900,000 samples"), (8_000, 40, "40 channels")],
)
def test_absurd_rates_and_channels_are_refused(tmp_path, rate, channels, message):
    soundfile.write(tmp_path / "odd.wav", np.zeros((10, channels)), rate)
    with pytest.raises(MediaError, match=message):
        read_sound(f"{tmp_path}/odd.wav", RATE, 1)


@pytest.mark.parametrize(
    ("sample", "message"), [(np.nan, "no finite"), (np.inf, "no finite"), (None, "no samples")]
)
def test_samples_that_are_no_numbers_and_no_samples_are_refused(tmp_path, sample, message):
    samples = np.array([] if sample is None else [0.1, sample, 0.2], dtype=np.float32)
    soundfile.write(tmp_path / "odd.wav", samples, 8_000, subtype="FLOAT")
    with pytest.raises(MediaError, match=message):
        read_sound(f"{tmp_path}/odd.wav", RATE, 1)


@pytest.mark.parametrize("rate", [5_000, 8_000, 22_254, 44_100])
def test_a_tone_is_the_same_tone_at_every_rate_and_in_stereo(tmp_path, rate):
    tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], axis=1), rate)
    samples = read_sound(f"{tmp_path}/tone.wav", RATE, 1)
    assert samples.dtype == np.float32
    assert abs(len(samples) - RATE) <= 1
    assert np.abs(np.fft.rfft(samples[:RATE])).argmax() == pytest.approx(1_000, abs=2)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_denoising_turns_hiss_down_and_leaves_the_sound():
    clean = chirp(700, seed=0)
    noisy = clean + np.random.default_rng(1).normal(0, 0.05, len(clean))
    truth, heard, denoised = (
        log_mel(samples, 50, denoise) for samples, denoise in ((clean, False), (noisy, False), (noisy, True))
    )
    loud = truth > 0.75
    assert np.abs(denoised[loud] - truth[loud]).mean() < 0.05, "the tones are still there"
    assert denoised[~loud].mean() < heard[~loud].mean() - 0.1, "20 decibels of the 80"


@given(st.integers(1, 40), st.integers(0, 9))
def test_the_gate_only_ever_turns_down(n_frames, seed):
    power = np.random.default_rng(seed).exponential(size=(5, n_frames))
    after = gated(power)
    assert ((after == power) | np.isclose(after, power / 100)).all()


def test_a_spectrogram_is_as_loud_as_the_sound_is_shaped_not_as_it_was_recorded():
    tone = chirp(440, seed=0)
    assert log_mel(tone, 60).shape == (60, N_MELS)
    np.testing.assert_allclose(log_mel(tone, 60), log_mel(0.01 * tone, 60), atol=1e-4)
