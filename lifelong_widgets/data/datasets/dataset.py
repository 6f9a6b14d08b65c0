"""What `datasets.load` gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.tastes import TasteTruth
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.data.social import SocialGraph

if TYPE_CHECKING:
    from lifelong_widgets.data.datasets.worlds.world import World


@dataclass(frozen=True)
class Dataset:
    """A catalogue, a log over it, and where both come from.

    Attributes:
        name: what `datasets.load` calls it.
        catalog: the items; a new one at every load, so that it may grow.
        interactions: the events.
        about: source, licence and counts, on several lines.
        graph: who follows whom, where that is known.
        truth: the tastes or the world behind a simulated log; None for a real one.
    """

    name: str
    catalog: Catalog
    interactions: Interactions
    about: str
    truth: TasteTruth | World | None = None
    graph: SocialGraph | None = None

    def __repr__(self) -> str:
        return f"Dataset({self.name!r}: {self.catalog!r}, {self.interactions!r})"
