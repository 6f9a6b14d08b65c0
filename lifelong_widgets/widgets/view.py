"""What every widget with a front end of its own has in common."""

from __future__ import annotations

import base64
import html
import json
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import anywidget
import traitlets

from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.abstract import AbstractWidget
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.closing import belongings
from lifelong_widgets.widgets.page import page
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.worker import Throttle

SNAPSHOT_SECONDS = 0.5


class SessionWidget(anywidget.AnyWidget, metaclass=AbstractWidget):
    """A picture of a `LiveSession`.

    The trait `snapshot` holds all that a view needs to draw itself, at a low rate: after a page reload, in a
    second view and in a saved notebook it is all there is. What must be quick is sent as custom messages.
    """

    snapshot = traitlets.Dict().tag(sync=True)
    locale = traitlets.Enum(
        ["auto", "en", "zh"], default_value="auto", help="The language of the labels."
    ).tag(sync=True)

    frame_seconds: ClassVar[float]  # between two messages with new figures: never more than 20 a second

    # A widget whose construction failed is closed too.
    _stop: Callable[[], None] | None = None
    _throttles: tuple[Throttle, ...] = ()
    _belongings: Sequence[Any] = ()

    def __init__(self, engine: Recommender | LiveSession, *, locale: str = "auto") -> None:
        self.session = LiveSession.of(engine)
        super().__init__(locale=locale)
        self._belongings = belongings(self)
        self._save = self._throttle(SNAPSHOT_SECONDS, self._save_snapshot)
        self._frame = self._throttle(self.frame_seconds, self._send_frame)
        self.on_msg(self._on_message)
        self._stop = self.session.worker.call(self._start)

    def close(self) -> None:
        """Leave the screen, and stop listening to the session."""
        if self._stop is not None:
            self._stop()
            self._stop = None
            for throttle in self._throttles:
                throttle.close()
            self.on_msg(self._on_message, remove=True)
        super().close()
        for part in self._belongings:
            part.close()

    def to_html(self, title: str = "lifelong-widgets") -> str:
        """A page that shows the widget as it is now, in one file that needs no network and no kernel."""
        self.session.wait()
        return page(title, [self.page_part()])

    def page_part(self) -> dict[str, Any]:
        """What a page needs to draw this widget: its module, its style and its state."""
        state = {
            name: self.trait_values()[name] for name in self.traits(sync=True) if not name.startswith("_")
        }
        for name in ("layout", "tabbable", "tooltip"):
            state.pop(name, None)
        state["snapshot"] = self.session.worker.call(self.make_snapshot)
        return {
            "esm": str(self._esm),
            "css": str(self._css),
            "state": json.dumps(state, default=_plain),
            "fallback": self.fallback_html(),
        }

    @abstractmethod
    def make_snapshot(self) -> dict[str, Any]:
        """The present state for a view. Runs in the owner thread."""

    @abstractmethod
    def fallback_html(self) -> str:
        """A plain table of the state, for where no widget can be drawn."""

    def _throttle(self, seconds: float, action: Callable[[], None]) -> Throttle:
        """A throttle that ends with the widget."""
        throttle = Throttle(self.session.worker, seconds, action)
        self._throttles += (throttle,)
        return throttle

    def _start(self) -> Callable[[], None]:
        self.snapshot = self.make_snapshot()
        return self.session.subscribe(self._on_change)

    def _save_snapshot(self) -> None:
        self.snapshot = self.make_snapshot()

    @abstractmethod
    def _send_frame(self) -> None:
        """Send the present figures. Owner thread."""

    def _on_change(self, change: Change) -> None:
        if change.what == "figures":
            self._frame.touch()
        elif change.what == "people":
            self._save_snapshot()  # at once: a notebook may be saved at any moment

    def _on_message(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Most views have nothing to say to the kernel."""

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is not None:
            bundle[0]["text/html"] = self.fallback_html()
        return bundle


def table(caption: str, head: list[str], rows: list[list[Any]]) -> str:
    """A plain HTML table; everything in it is text."""
    marked = [("th", head), *(("td", row) for row in rows)]
    body = "".join(
        "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row) + "</tr>"
        for tag, row in marked
    )
    return f"<table><caption>{html.escape(caption)}</caption>{body}</table>"


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} does not go into a page")
