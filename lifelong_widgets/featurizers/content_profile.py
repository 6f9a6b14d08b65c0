"""A person by the content of what they took."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import clone

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers.base import Array, Featurizer
from lifelong_widgets.featurizers.profiles import Profile


class ContentProfile(Profile):
    """A profile over the content of items: what a person's latest items are made of.

    New items need no refit: the catalogue that `fit` was given is asked for them, and may grow. An item that
    it does not hold adds nothing.

    Args:
        features: The featurizer of items whose columns a profile has.
        half_life: After how long an event counts half as much; None: never.
        unit: Of `half_life`: ``"events"`` of that person, or ``"days"``.
        prefit: `features` is fitted already, such as `Recommender`'s own, and used as it is. Otherwise a copy
            is fitted on the catalogue and the log.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Feedback
        >>> from lifelong_widgets.featurizers import CategoryFeaturizer
        >>> shop = Catalog.from_records(
        ...     [{"item": 1, "categories": ["Sea"]}, {"item": 2, "categories": ["Ice"]}])
        >>> log = Interactions.from_pandas(pd.DataFrame({"user": "ada", "item": [1, 2], "time": [10, 20]}))
        >>> profile = ContentProfile(CategoryFeaturizer(), half_life=1).fit(log, shop)
        >>> profile.get_feature_names_out().tolist()
        ['profile of category: Ice', 'profile of category: Sea']
        >>> (profile.transform(["ada", "zoe"]) ** 2).round(1).tolist()
        [[0.8..., 0.2...], [0.0, 0.0]]
        >>> bool(profile.update(Feedback("zoe", 1)).transform(["zoe"])[0, 1] == 1.0)
        True
    """

    def __init__(
        self,
        features: Featurizer,
        half_life: float | None = 20.0,
        unit: str = "events",
        prefit: bool = False,
    ) -> None:
        self.features = features
        self.half_life = half_life
        self.unit = unit
        self.prefit = prefit

    def _learn_items(self, log: Interactions, catalog: Catalog | None) -> int:
        self.catalog_ = _checked_catalog(catalog)
        self.features_: Featurizer = self.features
        if not self.prefit:
            self.features_ = clone(self.features).fit(list(self.catalog_), log)
        self._cache: dict[Id, Array] = {}
        return self.features_.width

    def _item_rows(self, items: list[Id]) -> Array:
        new = [id for id in items if id not in self._cache and id in self.catalog_]
        if new:
            made = self.features_.transform([self.catalog_[id] for id in new])
            self._cache.update(zip(new, made, strict=True))
        nothing = np.zeros(self.features_.width, dtype=np.float32)
        rows = [self._cache.get(id, nothing) for id in items]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.features_.width)

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The name of each column of the items' features, as that of a profile."""
        names = self.features_.get_feature_names_out()
        return np.array([f"profile of {name}" for name in names], dtype=object)

    def get_state(self) -> dict[str, Any]:
        """As any profile, and the state of the items' features, unless they were fitted by others."""
        own = {} if self.prefit else self.features_.get_state()
        return super().get_state() | {f"features/{key}": value for key, value in own.items()}

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back; `catalog` has the content of items."""
        super().set_state(state)
        self.catalog_ = _checked_catalog(catalog)
        self._cache = {}
        self.features_ = self.features
        if not self.prefit:
            prefix = "features/"
            own = {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}
            self.features_ = clone(self.features).set_state(own)
        return self


def _checked_catalog(catalog: object) -> Catalog:
    if not isinstance(catalog, Catalog):
        raise DataError(
            f"the content of items is in a Catalog, not a {type(catalog).__name__}: fit(log, catalog)"
        )
    return catalog
