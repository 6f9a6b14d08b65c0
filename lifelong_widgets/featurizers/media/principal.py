"""The last step of every encoder: fewer columns, by principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lifelong_widgets.featurizers.base import Array, distinct, unit_rows


class PrincipalComponents:
    """Rows of an encoder, centred and reduced to `n_components`, then of length 1.

    Principal component analysis (Pearson, 1901) on the covariance matrix, whose size does not depend on how
    many rows there are. The centre is the mean as if there were one more row, of zeros: so the rows of a
    single item, or of items all alike, are not centred away to nothing, which would mean "missing". Where
    there are fewer components than columns, the columns left over are zero.

    Example:
        >>> reduction = PrincipalComponents(n_components=2)
        >>> reduction.fit(np.array([[0.0, 9.0], [1.0, 0.0]]), ["Fog", "Tide"])
        >>> reduction.names("image")
        ['image: like Fog, unlike Tide', 'image: like Tide']
    """

    def __init__(self, n_components: int) -> None:
        self.n_components = n_components
        self.set_state({"center": np.zeros(0), "components": np.zeros((n_components, 0)), "examples": []})

    def fit(self, rows: Array, titles: Sequence[str]) -> None:
        """Learn the directions of `rows`, (n, width), n at least 1; `titles` are what a row is called by."""
        center = rows.sum(axis=0, dtype=np.float64) / (len(rows) + 1)
        centered = rows - center
        variances, directions = np.linalg.eigh(centered.T @ centered)
        kept = [n for n in np.argsort(-variances)[: self.n_components] if variances[n] > 1e-9 * variances[-1]]
        components = np.zeros((self.n_components, rows.shape[1]))
        for place, n in enumerate(kept):
            direction = directions[:, n]  # of which the decomposition leaves the sign open
            components[place] = direction * np.sign(direction[np.abs(direction).argmax()])
        along = centered @ components.T
        examples = [
            [
                titles[column.argmax()] if column.max() > 0 else "",
                titles[column.argmin()] if column.min() < 0 else "",
            ]
            for column in along.T
        ]
        self.set_state({"center": center, "components": components, "examples": examples})

    def transform(self, row: Array) -> Array:
        """The reduced form of one row, (width,): (n_components,) float32."""
        reduced: Array = unit_rows((self.components @ (row - self.center))[None])[0]
        return reduced

    @property
    def fitted(self) -> bool:
        """Whether there was a row to fit."""
        return bool(self.components.shape[1])

    def names(self, prefix: str) -> list[str]:
        """Each component by the two items that lie farthest along it, in either direction."""
        named = []
        for place in range(self.n_components):
            like, unlike = self.examples[place] if self.fitted else ("", "")
            parts = [f"like {like}"] * bool(like) + [f"unlike {unlike}"] * bool(unlike)
            named.append(f"{prefix}: {', '.join(parts) or f'unused {place}'}")
        return distinct(named)

    def get_state(self) -> dict[str, Any]:
        """The centre and the directions (arrays) and the titles of examples (JSON)."""
        return {"center": self.center, "components": self.components, "examples": self.examples}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a fitted state back."""
        self.center: Array = state["center"]
        self.components: Array = state["components"]
        self.examples: list[list[str]] = [list(pair) for pair in state["examples"]]
