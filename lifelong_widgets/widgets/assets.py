"""The built JavaScript and CSS of each widget, as text.

Text and not a path: a widget whose `_esm` is a path is watched for changes and kept alive for ever.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

from lifelong_widgets.errors import FormatError


def script(stem: str) -> str:
    """The bundled module of the widget `stem`.

    Raises:
        FormatError: the front end has not been built (only in a checkout; wheels carry it).
    """
    return _built(f"{stem}.js")


def style(stem: str) -> str:
    """The bundled style sheet of the widget `stem`. Raises like `script`."""
    return _built(f"{stem}.css")


@cache
def words(language: str) -> dict[str, str]:
    """The labels in `language` (``"en"`` or ``"zh"``), the same that the browser reads.

    >>> words("en")["action.like"], words("zh")["action.like"]
    ('Like', '喜欢')
    """
    text = files(__package__).joinpath("locales", f"{language}.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)
    return found


def say(language: str, key: str, **values: object) -> str:
    """The text of `key` with its placeholders filled; `n` chooses between singular and plural.

    >>> say("en", "simulation.cancelled", n=1), say("en", "simulation.cancelled", n=1200)
    ('cancelled after 1 click', 'cancelled after 1,200 clicks')
    """
    catalogue = words(language)
    form = f"{key}.{'one' if values.get('n') == 1 else 'other'}"
    text = catalogue[form] if form in catalogue else catalogue[key]
    shown = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in values.items()}
    for name, value in shown.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def term(language: str, text: str) -> str:
    """A label, a help text or a choice of a hyperparameter, or a modality: in `language` if that has it.

    The English is what the parts declare, so only other languages have words here.

    >>> term("zh", "Fusion"), term("en", "Fusion"), term("zh", "a part of your own")
    ('融合', 'Fusion', 'a part of your own')
    """
    return _terms(language).get(text, text)


@cache
def _terms(language: str) -> dict[str, str]:
    file = files(__package__).joinpath("locales", f"terms.{language}.json")
    if not file.is_file():
        return {}
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


@cache
def _built(name: str) -> str:
    file = files(__package__).joinpath("static", name)
    if not file.is_file():
        raise FormatError(
            f"the front end is not built: {name} is missing; run `make js`, or `python "
            "lifelong_widgets/widgets/_build.py`, in the checkout"
        )
    return file.read_text(encoding="utf-8")
