"""What is known of an item in several ways, brought together; and what is missing, left out."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import Item
from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers import FeatureSettings

SHELF = [
    Item(1, "lamp pier", ("Sea",)),
    Item(2, "lamp tide", ("Town",)),
    Item(3, "tide pier", ("Sea", "Town")),
    Item(4, "", ("Sea",)),
    Item(5, "lamp", ()),
    Item(6, "", ()),
]


def test_a_row_is_as_long_whatever_is_missing() -> None:
    rows = FeatureSettings(n_text_components=4).make(seed=0).fit(SHELF).transform(SHELF)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([2**0.5] * 5 + [0.0])
    text, categories = rows[:, :4], rows[:, 4:]
    assert not text[3].any() and not categories[4].any(), "what is missing stays zero"


def test_a_modality_that_nobody_has_is_none() -> None:
    features = FeatureSettings(n_text_components=4).make(seed=0).fit([Item(1, "lamp pier"), Item(2, "tide")])
    assert features.widths == {"text": 4}
    assert np.linalg.norm(features.transform([Item(3, "lamp")]), axis=1) == pytest.approx([1.0])


@pytest.mark.parametrize("chosen", [{"text_features": "none"}, {"categories_features": "none"}])
def test_a_modality_can_be_switched_off(chosen: dict[str, str]) -> None:
    features = FeatureSettings(n_text_components=4, **chosen).make(seed=0).fit(SHELF)
    assert len(features.widths) == 1
    assert features.transform(SHELF).shape == (6, features.width)


def test_without_any_there_are_no_columns() -> None:
    features = FeatureSettings(text_features="none", categories_features="none").make(seed=0).fit(SHELF)
    assert features.transform(SHELF).shape == (6, 0)
    assert len(features.get_feature_names_out()) == 0


def test_a_state_knows_what_it_is_of() -> None:
    features = FeatureSettings(n_text_components=4, categories_features="none", fusion="gated").make(seed=3)
    expected = features.fit(SHELF).transform(SHELF)
    again = FeatureSettings().make(seed=0).set_state(features.get_state())
    np.testing.assert_array_equal(again.transform(SHELF), expected)
    assert again.fusion == "gated"


def test_a_state_with_arguments_out_of_bounds_is_refused() -> None:
    features = FeatureSettings(n_text_components=4).make(seed=3).fit(SHELF)
    state = features.get_state()
    params = {**state["parts"]["text"]["params"], "n_text_components": 60_000}
    state["parts"] = {**state["parts"], "text": {**state["parts"]["text"], "params": params}}
    with pytest.raises(FormatError, match="n_text_components"):
        FeatureSettings().make(seed=0).set_state(state)
