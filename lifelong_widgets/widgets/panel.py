"""What the panels of the host's own controls have in common."""

from __future__ import annotations

import contextlib
import html
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ipywidgets

from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.abstract import AbstractWidget
from lifelong_widgets.widgets.assets import say, term
from lifelong_widgets.widgets.caption import Caption
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.closing import belongings, close_whole
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.wording import explain

_log = logging.getLogger(__name__)


class CaptionedBox(ipywidgets.Box, metaclass=AbstractWidget):
    """Controls of the host's own, with a caption that titles them and says what went wrong."""

    # A box whose construction failed is closed too.
    _open = False
    _belongings: Sequence[Any] = ()

    def __init__(self, name: str, locale: str = "auto") -> None:
        self.caption = Caption(locale=locale, language="zh" if locale == "zh" else "en")
        super().__init__()
        self._belongings = belongings(self)
        self.add_class("llw-box")
        self.add_class(f"llw-{name}")
        self.caption.observe(self._relabel, "language")

    def start(self, *controls: Any) -> None:
        """Show the caption and these controls: the last step of a construction."""
        self.label()
        self.children = (self.caption, *controls)
        self._open = True

    def close(self) -> None:
        """Leave the screen with everything in it."""
        if self._open:
            self._open = False
            self.caption.unobserve(self._relabel, "language")
            for child in dict.fromkeys((*self.children, self.caption)):
                close_whole(child)
        super().close()
        for part in self._belongings:
            part.close()

    def say(self, key: str, **values: object) -> str:
        """A label in the language of the page."""
        return say(self.caption.language, key, **values)

    def term(self, text: str) -> str:
        """What a part says of itself, in the language of the page."""
        return term(self.caption.language, text)

    @abstractmethod
    def label(self) -> None:
        """Write every label; called again when the browser has told its language."""

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Say in the caption what goes wrong in a callback, where nobody would see an exception."""
        try:
            yield
        except Exception as error:
            self.caption.error = explain(error)
            if not isinstance(error, LifelongWidgetsError):
                _log.exception("a callback of %s failed", type(self).__name__)

    def fallback_html(self) -> str:
        """The state in a line, for where no widget can be drawn."""
        line = f"<p>{html.escape(f'{self.caption.title} {self.caption.text}'.strip())}</p>"
        return f"{line}<p>{html.escape(self.caption.note)}</p>" if self.caption.note else line

    def _relabel(self, _change: Any) -> None:
        self.label()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if isinstance(bundle, dict):
            bundle["text/html"] = self.fallback_html()
        return bundle


class Panel(CaptionedBox):
    """Controls on a `LiveSession`."""

    _stop: Callable[[], None] | None = None

    def __init__(self, engine: Recommender | LiveSession, name: str, locale: str = "auto") -> None:
        self.session = LiveSession.of(engine)
        super().__init__(name, locale)

    def start(self, *controls: Any) -> None:
        """Show the caption and these controls, and listen to the session."""
        super().start(*controls)
        self._stop = self.session.subscribe(self._on_change)

    def close(self) -> None:
        """Leave the screen with everything in it, and stop listening to the session."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        super().close()

    @abstractmethod
    def _on_change(self, change: Change) -> None:
        """Something has changed in the session."""
