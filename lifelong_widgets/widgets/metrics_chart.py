"""How well the model predicts, beside a twin of it that learns no more."""

from __future__ import annotations

from typing import Any

from lifelong_widgets.widgets.assets import script, style
from lifelong_widgets.widgets.view import SessionWidget, table


class MetricsChart(SessionWidget):
    """The rolling hit rate at 10 of the live model and of its frozen twin; behind a switch loss and latency.

    Alarms of the drift monitor and swaps of the simulated tastes are marked. While there are too few visits
    to tell, it says so instead of drawing. See `LiveSession` for what counts as a hit.

    Args:
        engine: a recommender, or the session that its widgets share.
        locale: the language of the labels: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> from lifelong_widgets.recommender import Recommender
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> widget = MetricsChart(Recommender(shelf, embedding_dim=8))
        >>> widget.snapshot["visits"], widget.snapshot["drift"]
        (0, 'too few events: 0 of 300')
        >>> widget.close()
    """

    _esm = script("metrics_chart")
    _css = style("metrics_chart")
    frame_seconds = 0.1

    def make_snapshot(self) -> dict[str, Any]:
        """The figures, and the whole curve."""
        return {**self._figures(), "curve": self.session.scores.curve()}

    def fallback_html(self) -> str:
        """The figures as a plain table."""
        names = {"live": "live", "frozen": "frozen twin", "loss": "loss", "latency": "ms a step"}
        rows = [
            [label, "too few visits" if self.snapshot[name] is None else f"{self.snapshot[name]:.3f}"]
            for name, label in names.items()
        ]
        return table(f"Hit rate at 10, {self.snapshot['visits']} visits", ["", "value"], rows)

    def _figures(self) -> dict[str, Any]:
        return {**self.session.scores.summary(), "drift": self.session.rec.drift.status}

    def _send_frame(self) -> None:
        self.send({"type": "frame", "snapshot": self._figures()}, [self.session.scores.curve()])
        self._save.touch()
