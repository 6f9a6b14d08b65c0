"""What `datasets.load` gives."""

from __future__ import annotations

from dataclasses import dataclass

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.tastes import TasteTruth
from lifelong_widgets.data.interactions import Interactions


@dataclass(frozen=True)
class Dataset:
    """A catalogue, a log over it, and where both come from.

    Attributes:
        name: what `datasets.load` calls it.
        catalog: the items; a new one at every load, so that it may grow.
        interactions: the events.
        about: source, licence and counts, on several lines.
        truth: the tastes behind a simulated log; None for a real one.
    """

    name: str
    catalog: Catalog
    interactions: Interactions
    about: str
    truth: TasteTruth | None = None

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}: {self.catalog!r}, {self.interactions!r})"
