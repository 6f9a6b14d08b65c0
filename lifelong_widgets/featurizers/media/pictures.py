"""Pictures: decoded with limits, laid on white, and brought to one size."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from lifelong_widgets.errors import MediaError, MissingExtraError
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.media.files import opened

MAX_PICTURE_BYTES = 2**26
"""Of the file of a picture."""

MAX_PIXELS = 50_000_000
"""Of a picture, which the header states before anything is decoded."""

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")  # others can start programs (EPS) or are seldom met
_DETAIL = 4  # noise is filtered at this many times the final size, since shrinking spreads it


def read_picture(path: str, size: int, denoise: bool = False) -> Array:
    """The picture at `path`: (size, size, 3) uint8, red, green and blue.

    What is transparent is laid on white, and what is not square is padded with white. Of an animation this
    is the first frame. `denoise` applies a median filter of 3 × 3 pixels, which removes specks and keeps
    edges (Tukey, "Exploratory Data Analysis", 1977).

    Raises:
        MediaError: it is no file of at most `MAX_PICTURE_BYTES`, no PNG, JPEG, GIF, WebP or BMP, has
            more than `MAX_PIXELS`, or is damaged.
        MissingExtraError: pillow is not installed.

    >>> import tempfile, PIL.Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     PIL.Image.new("CMYK", (30, 10)).save(f"{folder}/white.jpg")
    ...     read_picture(f"{folder}/white.jpg", size=2).tolist()
    [[[255, 255, 255], [255, 255, 255]], [[255, 255, 255], [255, 255, 255]]]
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingExtraError(
            "reading pictures needs pillow: pip install 'lifelong-widgets[media]'"
        ) from None
    with opened(path, MAX_PICTURE_BYTES) as file:
        try:
            # Pillow warns of what it finds odd. What is too large is an error here, and the rest is no news.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with Image.open(file, formats=_FORMATS) as picture:
                    if picture.width * picture.height > MAX_PIXELS:
                        raise MediaError(_too_large(path, f"{picture.width:,} × {picture.height:,} pixels"))
                    return _prepared(picture, size, denoise)
        except MediaError:
            raise
        except Image.DecompressionBombError:  # an even larger one, refused by pillow
            raise MediaError(_too_large(path, "far more pixels")) from None
        except UnidentifiedImageError:
            raise MediaError(f"{path!r:.300} is no {', '.join(_FORMATS)} picture") from None
        except Exception as error:  # a decoder fed with anything at all may raise anything at all
            raise MediaError(f"{path!r:.300} is damaged: {error!s:.200}") from None


def _too_large(path: str, found: str) -> str:
    return f"{path!r:.300} has {found}; the limit is {MAX_PIXELS:,} in all"


def _prepared(picture: Any, size: int, denoise: bool) -> Array:
    from PIL import Image, ImageFilter, ImageOps

    detailed = _DETAIL * size
    picture.draft("RGB", (detailed, detailed))  # a JPEG is decoded at a fraction of its size
    if picture.mode in ("RGB", "L", "RGBA", "LA"):  # others have no mean of two pixels
        picture.thumbnail(
            (detailed, detailed), Image.Resampling.BOX
        )  # before anything is copied at full size
    picture = _laid_on_white(ImageOps.exif_transpose(picture))
    if denoise:
        picture.thumbnail((detailed, detailed), Image.Resampling.BOX)
        picture = picture.filter(ImageFilter.MedianFilter(3))
    picture = ImageOps.pad(picture, (size, size), Image.Resampling.BOX, color="white")
    pixels: Array = np.array(picture, dtype=np.uint8)
    return pixels


def _laid_on_white(picture: Any) -> Any:
    """`picture` in the mode RGB."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits a pixel, which pillow would cut off at 255
        deep = np.asarray(picture).astype(np.float32)
        picture = Image.fromarray(np.clip(deep / 257, 0, 255).astype(np.uint8))
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")
