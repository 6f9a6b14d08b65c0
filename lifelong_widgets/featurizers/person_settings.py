"""Which features of people the network reads beside their history, as a hyperparameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import traitlets

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.content_profile import ContentProfile
from lifelong_widgets.featurizers.fusion import ItemFeatures
from lifelong_widgets.featurizers.habits import HabitFeaturizer
from lifelong_widgets.featurizers.people import PersonTable, TallyFeaturizer
from lifelong_widgets.featurizers.taste_profile import TasteProfile
from lifelong_widgets.parts import Part, WholeNumber, unless_built

ContentOf = Callable[[npt.NDArray[np.int64]], Array]
"""The content of items by their indices in the catalogue: (n, width)."""

PERSON_FEATURES = ("content_profile", "taste_profile", "habits")
"""What there is to choose from."""


class PersonSettings(Part):
    """What is known of a person beside their history. It shapes the network, so it cannot change late."""

    person_features = traitlets.Enum(
        ["none", *PERSON_FEATURES],
        default_value="none",
        help="What else the network knows of a person: what their items are made of, what they take, or when "
        "and how much.",
    ).tag(config=True, label="Person features")
    n_taste_components = WholeNumber(
        32, min=1, max=4096, help="Width of the person features taste_profile."
    ).tag(config=True)

    def make(
        self, features: ItemFeatures, catalog: Catalog, content_of: ContentOf, seed: int
    ) -> TallyFeaturizer | None:
        """The featurizer, unfitted; None if there is none. `content_of` has the rows of `features`."""
        self._built = True
        if self.person_features == "content_profile":
            return TableProfile(features, catalog, content_of)
        if self.person_features == "taste_profile":
            return TasteProfile(self.n_taste_components, half_life=20.0, seed=seed)
        return HabitFeaturizer() if self.person_features == "habits" else None

    @traitlets.validate("person_features", "n_taste_components")
    def _refuse_late_change(self, proposal: dict[str, Any]) -> Any:
        return unless_built(proposal, hasattr(self, "_built"), "network")


class TableProfile(ContentProfile):
    """A content profile from the rows that the item table holds: no item is made into numbers twice.

    Content that is learned enters as it is at the moment of the event.

    Args:
        features: fitted, for the names and the width of the columns.
        catalog: of the items; it may grow.
        content_of: their rows.
    """

    def __init__(self, features: ItemFeatures, catalog: Catalog, content_of: ContentOf) -> None:
        super().__init__(features, prefit=True)
        self.features_ = features
        self.catalog_, self._content_of = catalog, content_of

    def fit(self, X: Interactions, y: Catalog | None = None) -> Self:
        """Learn which kinds of feedback there are, and nobody yet: the rows of items may still be to come."""
        self.kinds_, self.table_, self.now_ = X.kinds, PersonTable(self.features_.width + 1), 0.0
        return self

    def _item_rows(self, items: list[Id]) -> Array:
        return self._content_of(np.array([self.catalog_.index_of(id) for id in items], dtype=np.int64))

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back."""
        return super().set_state(state, self.catalog_)
