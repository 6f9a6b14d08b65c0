"""Which features of people the network reads beside their history, as a hyperparameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import traitlets

from lifelong_widgets.data import Catalog, Interactions, SocialGraph
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.content_profile import ContentProfile
from lifelong_widgets.featurizers.fusion import ItemFeatures
from lifelong_widgets.featurizers.habits import HabitFeaturizer
from lifelong_widgets.featurizers.people import LiveFeaturizer, PersonTable
from lifelong_widgets.featurizers.social import NeighborTastes, NodeEmbedding
from lifelong_widgets.featurizers.taste_profile import TasteProfile
from lifelong_widgets.parts import Part, WholeNumber, unless_built

ContentOf = Callable[[npt.NDArray[np.int64]], Array]
"""The content of items by their indices in the catalogue: (n, width)."""

PERSON_FEATURES = ("content_profile", "taste_profile", "habits", "neighbor_tastes", "node_embedding")
"""What there is to choose from."""

OF_THE_GRAPH = frozenset({"neighbor_tastes", "node_embedding"})
"""Those that look at who follows whom."""


class PersonSettings(Part):
    """What is known of a person beside their history. It shapes the network, so it cannot change late."""

    person_features = traitlets.Enum(
        ["none", *PERSON_FEATURES],
        default_value="none",
        help="What else the network knows of a person: what their items are made of, what they take, when "
        "and how much, what those take whom they follow, or where they stand among those who follow others.",
    ).tag(config=True, label="Person features")
    n_taste_components = WholeNumber(
        32, min=1, max=4096, help="Width of the person features taste_profile."
    ).tag(config=True)

    def make(
        self, features: ItemFeatures, catalog: Catalog, content_of: ContentOf, graph: SocialGraph, seed: int
    ) -> LiveFeaturizer | None:
        """The featurizer, unfitted; None if there is none. `content_of` has the rows of `features`."""
        self._built = True
        if self.person_features == "neighbor_tastes":
            return TableNeighborTastes(graph, features, catalog, content_of)
        if self.person_features == "node_embedding":
            return NodeEmbedding(graph, seed=seed)
        if self.person_features == "content_profile":
            return TableProfile(features, catalog, content_of)
        if self.person_features == "taste_profile":
            return TasteProfile(self.n_taste_components, half_life=20.0, seed=seed)
        return HabitFeaturizer() if self.person_features == "habits" else None

    @traitlets.validate("person_features", "n_taste_components")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_built"), "network")


class OfTable(ContentProfile):
    """A profile whose rows of items are those that the item table holds: none is made into numbers twice.

    Content that is learned enters as it is at the moment of the event.
    """

    _content_of: ContentOf

    def _read(self, features: ItemFeatures, catalog: Catalog, content_of: ContentOf) -> None:
        """Fitted features, for names and width; the catalogue, which may grow; and the rows of its items."""
        self.features_, self.catalog_, self._content_of = features, catalog, content_of

    def fit(self, X: Interactions, y: Catalog | None = None) -> Self:
        """Learn which kinds of feedback there are, and nobody yet: the rows of items may still be to come."""
        self.kinds_, self.table_, self.now_ = X.kinds, PersonTable(self.features_.width + 1), 0.0
        return self

    def _item_rows(self, items: list[Id]) -> Array:
        return self._content_of(np.array([self.catalog_.index_of(id) for id in items], dtype=np.int64))

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back."""
        return super().set_state(state, self.catalog_)


class TableProfile(OfTable):
    """What the items of a person are made of; see `OfTable`."""

    def __init__(self, features: ItemFeatures, catalog: Catalog, content_of: ContentOf) -> None:
        super().__init__(features, prefit=True)
        self._read(features, catalog, content_of)


class TableNeighborTastes(OfTable, NeighborTastes):
    """What the items of those are made of whom a person follows in `graph`; see `OfTable`."""

    def __init__(
        self, graph: SocialGraph, features: ItemFeatures, catalog: Catalog, content_of: ContentOf
    ) -> None:
        NeighborTastes.__init__(self, graph, features, prefit=True)
        self._read(features, catalog, content_of)
