"""What the replay buffer holds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.assets import script, style
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.view import SessionWidget, table
from lifelong_widgets.widgets.wording import name

_BARS = 160  # at most; of a larger buffer every n-th slot is drawn
_NAMED = 8  # categories with a colour of their own
_SETTLED = 200  # slots filled, after which the colours keep their meaning
_OTHER = 255  # the code of items whose category has neither a colour nor a number


class MemoryStrip(SessionWidget):
    """The slots of the replay buffer as bars: coloured by category, tall by how much the event counts.

    Slots that were replayed with the last click flash. The shares beside the colours are of all slots.

    Args:
        engine: a recommender, or the session that its widgets share.
        locale: the language of the labels: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> from lifelong_widgets.widgets.session import LiveSession
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2], "categories": ["Sea", "Hill"]}))
        >>> session = LiveSession(Recommender(shelf, embedding_dim=8))
        >>> _ = session.feedback(2, "like").result()
        >>> widget = MemoryStrip(session)
        >>> widget.snapshot["categories"]
        [{'name': 'Hill', 'share': 1.0}]
        >>> widget.close()
    """

    _esm = script("memory_strip")
    _css = style("memory_strip")
    frame_seconds = 0.15

    def __init__(self, engine: Recommender | LiveSession, *, locale: str = "auto") -> None:
        self._pictures = itertools.count(1)
        self._named: list[str] = []
        self._rest: dict[str, int] = {}  # categories without a colour, numbered from _NAMED as they are met
        self._code_of_item = np.empty(0, dtype=np.uint8)
        super().__init__(engine, locale=locale)

    def make_snapshot(self) -> dict[str, Any]:
        """The bars, and how much of the buffer each category has."""
        words, bars = self._picture()
        return {**words, **dict(zip(("colours", "heights", "hot"), bars, strict=True))}

    def fallback_html(self) -> str:
        """The shares as a plain table."""
        rows = [[entry["name"], f"{entry['share']:.0%}"] for entry in self.snapshot["categories"]]
        return table(
            f"Replay memory: {self.snapshot['kept']} of {self.snapshot['seen']} events", ["", "share"], rows
        )

    def _send_frame(self) -> None:
        words, bars = self._picture()
        self.send({"type": "frame", "snapshot": words}, bars)
        self._save.touch()

    def _picture(self) -> tuple[dict[str, Any], list[bytes]]:
        buffer, update = self.session.rec.buffer, self.session.last_update
        kept = len(buffer)
        codes = self._codes(buffer.items)
        counts = np.bincount(codes, minlength=_OTHER + 1) if kept else np.zeros(_OTHER + 1)
        every = max(1, -(-kept // _BARS))
        size = np.abs(buffer.rewards[::every])
        heights = 255 * (0.35 + 0.65 * size / max(float(size.max(initial=0.0)), 1e-9))
        hot = np.zeros(-(-kept // every) if kept else 0, dtype=np.uint8)
        replayed = [slot for slot in (update.replayed if update else ()) if slot < kept]
        hot[[slot // every for slot in replayed]] = 1
        words = {
            "version": next(self._pictures),
            "kept": kept,
            "seen": int(buffer.n_seen),
            "capacity": int(buffer.capacity),
            "retention": buffer.retention,
            "every": every,
            "categories": [
                {"name": name(category), "share": float(counts[code] / max(kept, 1))}
                for code, category in enumerate(self._named)
            ],
            "other": float(counts[_NAMED:].sum() / max(kept, 1)),
            "otherName": self._only_other(counts),
            "replayed": len(set(replayed)),
        }
        return words, [codes[::every].tobytes(), heights.astype(np.uint8).tobytes(), hot.tobytes()]

    def _only_other(self, counts: np.ndarray) -> str | None:
        """What all events without a colour have in common, if it is one category."""
        present = np.flatnonzero(counts[_NAMED:]) + _NAMED
        only = present[0] if len(present) == 1 else _OTHER
        return next((name(category) for category, code in self._rest.items() if code == only), None)

    def _codes(self, items: np.ndarray) -> np.ndarray:
        """The category of each slot, as the number of a named one."""
        catalog = self.session.rec.catalog
        if len(items) < _SETTLED or not self._named:
            self._choose_names(items)
        known = len(self._code_of_item)
        if known < len(catalog):
            new = [self._code(item.categories) for item in catalog.slice(known, len(catalog))]
            self._code_of_item = np.concatenate([self._code_of_item, np.array(new, dtype=np.uint8)])
        codes: np.ndarray = self._code_of_item[items]
        return codes

    def _choose_names(self, items: np.ndarray) -> None:
        """Name the categories that most slots have, while there are few slots."""
        catalog = self.session.rec.catalog
        counts: dict[str, int] = {}
        for index, n in zip(*np.unique(items, return_counts=True), strict=True):
            for category in catalog[catalog.ids[index]].categories:
                counts[category] = counts.get(category, 0) + int(n)
        names = sorted(counts, key=lambda name: (-counts[name], name))[:_NAMED]
        if names != self._named:
            self._named, self._rest = names, {}
            self._code_of_item = np.empty(0, dtype=np.uint8)

    def _code(self, categories: tuple[str, ...]) -> int:
        """An item of several categories takes the first that has a colour, or else its first."""
        coloured = next((self._named.index(name) for name in categories if name in self._named), None)
        if coloured is not None or not categories:
            return _OTHER if coloured is None else coloured
        if categories[0] not in self._rest and _NAMED + len(self._rest) < _OTHER:
            self._rest[categories[0]] = _NAMED + len(self._rest)
        return self._rest.get(categories[0], _OTHER)
