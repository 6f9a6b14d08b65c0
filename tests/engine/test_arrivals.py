"""Items whose features cannot be made: nothing is half added, and all else goes on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, Interactions, Item
from lifelong_widgets.errors import DataError, FeatureWarning, MissingExtraError
from lifelong_widgets.featurizers import TfidfFeaturizer
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, opened


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """By title, what the featurizer of texts raises of an item."""
    errors: dict[str, Exception] = {}

    def transform(self: TfidfFeaturizer, items: Sequence[Item]) -> np.ndarray[Any, Any]:
        for item in items:
            if item.title in errors:
                raise errors[item.title]
        return original(self, items)

    original = TfidfFeaturizer.transform
    monkeypatch.setattr(TfidfFeaturizer, "transform", transform)
    return errors


def a_log(*items: str) -> Interactions:
    return Interactions.from_events([Feedback("ada", item, time=0.0) for item in items])


def test_a_failed_add_leaves_everything_as_it_was(refused: dict[str, Exception]) -> None:
    rec = fresh()
    rec.learn_one(user="ada", item="i1")
    before, n_items = rec.digest(), len(rec.catalog)
    refused["Bad"] = MissingExtraError("it needs a package")
    with pytest.raises(
        MissingExtraError, match="item 'bad': its features cannot be made: it needs a package"
    ):
        rec.apply_items([{"item": "good", "title": "Good"}, {"item": "bad", "title": "Bad"}])
    assert rec.digest() == before and len(rec.catalog) == n_items and "good" not in rec.catalog
    refused.clear()
    rec.apply_items([{"item": "good", "title": "Good"}, {"item": "bad", "title": "Bad"}])
    assert rec.catalog.ids[-2:] == ["good", "bad"] and len(rec.network.items) == n_items + 2


def test_an_item_that_the_caller_added_waits_and_all_else_goes_on(refused: dict[str, Exception]) -> None:
    rec, plain = fresh(), fresh()
    refused["Bad"] = ZeroDivisionError("oh")
    rec.catalog.add([{"item": name, "title": name.title()} for name in ("good", "bad", "behind")])
    plain.catalog.add({"item": "good", "title": "Good"})
    with pytest.warns(FeatureWarning, match="item 'bad': its features cannot be made: oh"):
        rec.learn_one(user="ada", item="good", kind="like")
    plain.learn_one(user="ada", item="good", kind="like")
    assert rec.digest() == plain.digest(), "as if the two were not there"
    with pytest.warns(FeatureWarning, match="'bad'"):
        shown = rec.recommend("ada", k=100, exclude_seen=False)
    assert "good" in shown.items and not {"bad", "behind"} & set(shown.items)
    for item in ("bad", "behind"):
        for verb in (
            lambda item=item: rec.learn_one(user="ada", item=item),
            lambda item=item: rec.explain("ada", item),
            lambda item=item: rec.learn_many(a_log(item), **QUIET),
            lambda item=item: rec.fit(a_log(item), **QUIET),
        ):
            with (
                pytest.warns(FeatureWarning),
                pytest.raises(DataError, match=f"the item '{item}' waits for its features: item 'bad'"),
            ):
                verb()
    assert rec.digest() == plain.digest()

    refused.clear()
    plain.catalog.add([{"item": name, "title": name.title()} for name in ("bad", "behind")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one in (rec, plain):
            one.learn_one(user="ada", item="behind")
    assert rec.digest() == plain.digest()


def test_a_fit_needs_all_of_them(refused: dict[str, Exception]) -> None:
    rec = fresh()
    rec.learn_one(user="ada", item="i1")
    before = rec.digest()
    refused["Bad"] = MissingExtraError("it needs a package")
    rec.catalog.add({"item": "bad", "title": "Bad"})
    with pytest.warns(FeatureWarning), pytest.raises(MissingExtraError, match="item 'bad'"):
        rec.fit(a_log("i1", "i2"), **QUIET)
    assert rec.digest() == before


def test_what_waits_is_not_in_the_journal(shop: Path, refused: dict[str, Exception]) -> None:
    rec = opened(shop)
    refused["Bad"] = MissingExtraError("it needs a package")
    rec.catalog.add([{"item": "good", "title": "Good"}, {"item": "bad", "title": "Bad"}])
    with pytest.warns(FeatureWarning):
        rec.learn_one(user="ada", item="good")
    with pytest.warns(FeatureWarning), pytest.raises(DataError, match="waits"):
        rec.learn_one(user="ada", item="bad")
    with pytest.warns(FeatureWarning):
        assert rec.undo()[0].item == "good" and rec.audit(**QUIET).equal
        rec.close()
    refused.clear()
    with Recommender.open(shop, **QUIET) as again:
        assert again.digest() == rec.digest() and again.catalog.ids[-1] == "good"
