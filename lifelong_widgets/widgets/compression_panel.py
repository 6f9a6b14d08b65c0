"""How much smaller, and what it changes: a slider over the ways that a sweep has found."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

from lifelong_widgets.compression import CompressedRecommender, Sweep
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommendations import check_k
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.panel import Panel
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.wording import explain, name, text
from lifelong_widgets.widgets.worker import Throttle

_REDRAW_SECONDS = 0.3
_TELLS = ("list", "figures", "user", "people")


class CompressionPanel(Panel):
    """A slider picks a way of making the model smaller; the list is that of the compressed model, live.

    Each row says where the item stands in the list of the live model, and what is missing from that is named
    below. The compressed copy follows: a click on another widget of the session changes both lists.

    Attributes:
        slider: its value is the place of the way in the sweep, 0 for the largest file.
        copy: the compressed copy that is shown; to save it: ``session.call(panel.copy.save, path)``.

    Args:
        engine: a recommender, or the session that its widgets share.
        sweep: of the same recommender; `lifelong_widgets.compression.sweep` makes one.
        k: how long the lists are.
        locale: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Raises:
        DataError: `sweep` is none or has found nothing, or `k` is less than 1.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.compression import sweep
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> rec = Recommender(shelf, embedding_dim=8)
        >>> panel = CompressionPanel(rec, sweep(rec, tried=["int8"], progress=False))
        >>> panel.copy.plan.names()
        ['int8']
        >>> panel.close()
    """

    copy: CompressedRecommender

    def __init__(
        self, engine: Recommender | LiveSession, sweep: Sweep, k: int = 10, locale: str = "auto"
    ) -> None:
        if not isinstance(sweep, Sweep) or not len(sweep):
            raise DataError("the panel shows what a sweep has found: lw.compression.sweep(rec, held_out)")
        self._k = check_k(k)
        self.sweep = sweep
        self._copies: dict[int, CompressedRecommender] = {}
        super().__init__(engine, "compression", locale)
        self.slider = ipywidgets.SelectionSlider(
            options=self._options(), value=0, continuous_update=False, layout={"width": "auto"}
        )
        self.table = ipywidgets.HTML()
        self._draw = Throttle(self.session.worker, _REDRAW_SECONDS, self._show)
        self.slider.observe(self._moved, "value")
        self.session.worker.call(self._show)
        self.start(self.slider, self.table)

    def close(self) -> None:
        """Leave the screen, and stop listening to the session."""
        if self._stop is not None:
            self.slider.unobserve(self._moved, "value")
            self._draw.close()
        super().close()

    def label(self) -> None:
        """Write every label."""
        self.caption.title = self.say("compression.title")
        self.caption.help = self.say("compression.help")
        self.slider.description = self.say("compression.slider")
        self.slider.tooltip = self.caption.help
        self.session.worker.call(self._write)

    def fallback_html(self) -> str:
        """The caption and the list."""
        return super().fallback_html() + str(self.table.value)

    def _options(self) -> list[tuple[str, int]]:
        """What the slider reads: it is data of a sweep, and the same in every language."""
        return [
            (f"{point.report.ratio:.1f} × · {point.report.method}", place)
            for place, point in enumerate(self.sweep)
        ]

    def _moved(self, _change: Any) -> None:
        self.caption.error = ""
        self.caption.busy = True
        with self.telling():
            self.session.worker.submit(self._show)

    def _on_change(self, change: Change) -> None:
        if change.what in _TELLS:
            self._draw.touch()

    # ------------------------------------------------------------------------------ in the owner's thread

    def _show(self) -> None:
        """Bring the copy up to date, ask it and the live model, and write both down."""
        place, rec, user = self.slider.value, self.session.rec, self.session.user
        try:
            if place not in self._copies:
                self._copies[place] = CompressedRecommender(rec, self.sweep[place].methods)
            self.copy = self._copies[place]
            self.copy.follow()
            self._live = rec.recommend(user, k=self._k, reasons=False)
            self._small = self.copy.recommend(user, k=self._k)
        except Exception as error:
            self.caption.error = explain(error)
            return
        finally:
            self.caption.busy = False
        self._write()

    def _write(self) -> None:
        report = self.sweep[self.slider.value].report
        kept = report.overlap_at_10 if report.ndcg_kept is None else report.ndcg_kept
        self.caption.text = self.say(
            "compression.overlap" if report.ndcg_kept is None else "compression.kept",
            size=f"{report.bytes_after / 1e6:.2f}",
            kept=f"{kept.value:.3f}",
            low=f"{kept.low:.3f}",
            high=f"{kept.high:.3f}",
            us=round(report.rank_us_after.value),
            before=round(report.rank_us_before.value),
        )
        self.table.value = self._picture()

    def _picture(self) -> str:
        """The compressed list as a table, in which everything is text."""
        places = {item: place for place, item in enumerate(self._live.items, start=1)}
        same = sum(places.get(row.item) == row.rank for row in self._small)
        rows = []
        for row in self._small:
            word, kind = self._stands(row.rank, places.get(row.item))
            cells = f"<td>{html.escape(text(row.title))}</td><td>{html.escape(word)}</td>"
            rows.append(f'<tr class="llw-{kind}"><th scope="row">{row.rank}</th>{cells}</tr>')
        head = "".join(
            f'<th scope="col">{html.escape(self.say(f"compression.{key}"))}</th>'
            for key in ("rank", "item", "live")
        )
        caption = self.say(
            "compression.caption", user=name(self._small.user), same=same, total=len(self._small)
        )
        gone = [row.title for row in self._live if row.item not in set(self._small.items)]
        missing = ""
        if gone:
            titles = ", ".join(text(title) for title in gone)
            missing = f"<p>{html.escape(self.say('compression.gone', titles=titles))}</p>"
        return (
            f'<table class="llw-compressed"><caption>{html.escape(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{missing}"
        )

    def _stands(self, rank: int, live: int | None) -> tuple[str, str]:
        """Where an item stands in the live list, in words, and what that is as a class."""
        if live is None:
            return self.say("compression.new"), "new"
        if live == rank:
            return self.say("compression.same"), "same"
        way = "up" if live > rank else "down"
        return self.say(f"compression.{way}", n=abs(live - rank), place=live), way
