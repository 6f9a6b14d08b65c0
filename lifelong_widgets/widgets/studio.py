"""The whole cockpit."""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from typing import Any

import ipywidgets

from lifelong_widgets.errors import DataError, closest
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.closing import belongings, close_whole
from lifelong_widgets.widgets.controls import Controls
from lifelong_widgets.widgets.memory_strip import MemoryStrip
from lifelong_widgets.widgets.metrics_chart import MetricsChart
from lifelong_widgets.widgets.page import page
from lifelong_widgets.widgets.recommendation_list import RecommendationList
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.simulation_panel import SimulationPanel
from lifelong_widgets.widgets.user_picker import UserPicker


class Studio(ipywidgets.VBox):
    """Left the list and what a click does to it; right what learning is worth, memory, and how it learns.

    Every part is also an attribute (`list`, `chart`, `memory`, `controls`, `picker`, `simulation`) and stands
    alone in a cell. In a narrow cell the right column goes below the list.

    When you are done, ``studio.close()`` and ``studio.session.close()`` free engine, twin and thread:
    ipywidgets keeps every widget until it is closed, also one whose variable or cell is gone.

    Args:
        engine: a recommender, or the session that its widgets share.
        journal: a folder in which every click is written down before it is learned, so that none is lost
            when the kernel stops: the same cell, run again, goes on where it was (`Recommender.journal_to`).
        locale: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.
        **other: nothing else; who looks on, and how long the list is, is told to a session:
            ``Studio(LiveSession(rec, user="ada"))``.

    Raises:
        DataError: the folder holds the journal of another model, or this one has a journal elsewhere; or an
            argument that there is not.
        JournalLockedError: another process writes there.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "categories": ["a", "b", "a"]}))
        >>> studio = Studio(Recommender(shelf, embedding_dim=8))
        >>> studio.session.feedback(2, "like").result().n_events
        1
        >>> studio.close()

        With a journal, the next kernel goes on:

        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> def cell():
        ...     return Studio(Recommender(shelf, embedding_dim=8), journal=folder.name + "/shop.lw")
        >>> studio = cell()
        >>> _ = studio.session.feedback(2, "like").result()
        >>> studio.close()
        >>> studio = cell()
        >>> studio.session.rec.n_events
        1
        >>> studio.close()
        >>> studio.session.rec.close()
        >>> folder.cleanup()
    """

    # A studio whose construction failed is closed too.
    _parts: Sequence[Any] = ()
    _boxes: Sequence[Any] = ()
    _belongings: Sequence[Any] = ()

    def __init__(
        self,
        engine: Recommender | LiveSession,
        *,
        journal: str | os.PathLike[str] | None = None,
        locale: str = "auto",
        **other: object,
    ) -> None:
        for name in other:
            raise DataError(_not_of_a_studio(name))
        self.session = LiveSession.of(engine)
        if journal is not None:
            self.session.call(self.session.rec.journal_to, journal)
        self.picker = UserPicker(self.session, locale=locale)
        self.simulation = SimulationPanel(self.session, locale=locale)
        self.list = RecommendationList(self.session, locale=locale)
        self.chart = MetricsChart(self.session, locale=locale)
        self.memory = MemoryStrip(self.session, locale=locale)
        self.controls = Controls(self.session, locale=locale)
        head = ipywidgets.Box([self.picker, self.simulation])
        head.add_class("llw-studio-head")
        side = ipywidgets.VBox([self.chart, self.memory, self.controls])
        side.add_class("llw-studio-side")
        columns = ipywidgets.Box([self.list, side])
        columns.add_class("llw-studio-columns")
        super().__init__([head, columns])
        self.add_class("llw-box")
        self.add_class("llw-studio")
        self._parts = (self.picker, self.simulation, self.list, self.chart, self.memory, self.controls)
        self._boxes = (head, side, columns)
        self._belongings = belongings(self)

    def close(self) -> None:
        """Close every part. The session goes on, for other widgets on it: it has a `close` of its own."""
        for part in self._parts:
            part.close()
        for box in self._boxes:
            close_whole(box)
        super().close()
        for part in self._belongings:
            part.close()

    def __repr__(self) -> str:
        return f"<Studio on {self.session!r}>"

    def to_html(self, title: str = "lifelong-widgets") -> str:
        """A page that shows list, figures and memory as they are now: one file, no network, no kernel."""
        self.session.wait()
        return page(title, [part.page_part() for part in (self.list, self.chart, self.memory)])

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if isinstance(bundle, dict):
            parts = (self.list, self.chart, self.memory)
            bundle["text/html"] = "".join(part.fallback_html() for part in parts)
        return bundle


def _not_of_a_studio(name: str) -> str:
    if name in inspect.signature(LiveSession).parameters:
        return f"{name} is of the session: Studio(LiveSession(rec, {name}=…))"
    return f"a Studio takes no {name!r:.80}{closest(name, ('journal', 'locale'))}"
