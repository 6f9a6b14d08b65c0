"""The stamps of Tux Paint: the loader on a made-up folder of the same layout, and on the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifelong_widgets.data import datasets
from lifelong_widgets.errors import DataError
from lifelong_widgets.featurizers.media import read_picture, read_sound
from tests.featurizers.media_files import lamp


@pytest.fixture
def stamps(tmp_path: Path) -> Path:
    """A cat and an owl, a lamp drawn as SVG, an icon without a caption, and things that are no stamps."""
    birds, cats = tmp_path / "animals" / "birds", tmp_path / "animals" / "mammals" / "cats"
    for place in (birds, cats, tmp_path / "household"):
        place.mkdir(parents=True)
    lamp().save(cats / "cat.png")
    lamp().save(cats / "cat_mirror.png")
    (cats / "cat.txt").write_text("A cat.\nde.utf8=Eine Katze.\n")
    (cats / "cat.dat").write_text("nomirror\n")
    (cats / "cat.ogg").write_bytes(b"purr")
    (cats / "cat_desc_fr.ogg").write_bytes(b"Un chat.")
    lamp().save(birds / "snowy_owl.png")
    (birds / "snowy_owl.txt").write_bytes(b"\nde.utf8=Eine Schnee-Eule.\n")
    (birds / "snowy_owl.wav").write_bytes(b"hoo")
    (tmp_path / "household" / "lamp.svg").write_text("<svg/>")
    (tmp_path / "household" / "lamp.txt").write_bytes("A lamp, à la mode.".encode() + b"\xff\n")
    lamp().save(tmp_path / "household" / "icon.png")
    (tmp_path / "household" / "gift.txt").write_text("Neither wrapped nor drawn.\n")
    return tmp_path


def test_every_captioned_stamp_is_an_item(stamps):
    catalog = datasets.load("tuxpaint-stamps", folder=stamps, n_people=3, n_events=5).catalog
    assert [item.to_record() for item in catalog] == [
        {"item": "animals/birds/snowy_owl", "title": "snowy owl", "categories": ["animals", "birds"],
         "image": f"{stamps}/animals/birds/snowy_owl.png", "audio": f"{stamps}/animals/birds/snowy_owl.wav"},
        {"item": "animals/mammals/cats/cat", "title": "A cat.", "categories": ["animals", "mammals", "cats"],
         "image": f"{stamps}/animals/mammals/cats/cat.png",
         "audio": f"{stamps}/animals/mammals/cats/cat.ogg"},
        {"item": "household/lamp", "title": "A lamp, à la mode.", "categories": ["household"]},
    ]  # fmt: skip


def test_without_categories_only_the_truth_knows_them(stamps):
    options = {"folder": str(stamps), "n_people": 4, "n_events": 60}
    told, hidden = (datasets.load("tuxpaint-stamps", categories=shown, **options) for shown in (True, False))
    assert hidden.catalog.categories == []
    assert hidden.truth.categories == ("animals", "birds", "household", "mammals")
    assert hidden.truth.membership[2].tolist() == [0, 0, 1, 0]
    assert list(hidden.interactions) == list(told.interactions)
    assert list(hidden.catalog.ids) == list(told.catalog.ids)
    assert [item.image for item in hidden.catalog] == [item.image for item in told.catalog]


def test_the_same_seed_gives_the_same_log_and_another_seed_another(stamps):
    options = {"folder": stamps, "n_people": 5, "n_events": 50}
    one, again, other = (datasets.load("tuxpaint-stamps", seed=seed, **options) for seed in (3, 3, 4))
    assert list(one.interactions) == list(again.interactions)
    assert list(one.interactions) != list(other.interactions)
    assert len(one.interactions) == 50


@pytest.mark.parametrize("folder", ["nowhere", "a\0b", 7, None])
def test_a_folder_that_is_not_there_says_how_to_get_it(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"there is no folder .*apt-get install tuxpaint-stamps-default"):
        datasets.load("tuxpaint-stamps", folder=folder)


def test_a_folder_without_stamps_and_counts_below_one_are_refused(stamps, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there is no stamp"):
        datasets.load("tuxpaint-stamps", folder=tmp_path / "empty")
    for options in ({"n_events": 0}, {"n_people": 0}):
        with pytest.raises(DataError, match="at least 1"):
            datasets.load("tuxpaint-stamps", folder=stamps, **options)


def test_the_real_stamps():
    """Of Debian's package tuxpaint-stamps-default, which `make test` installs where it may."""
    data = datasets.load("tuxpaint-stamps")
    assert len(data.catalog) == 950
    assert len(data.interactions) == 12_000
    pictured = [item for item in data.catalog if item.image]
    heard = [item for item in data.catalog if item.audio]
    assert (len(pictured), len(heard)) == (785, 134)
    assert data.catalog["animals/birds/crow"].title == "A crow."
    for item in (*pictured[::80], data.catalog["animals/birds/crow"]):
        assert np.ptp(read_picture(item.image, 32)) > 0
    for item in heard[::20]:
        assert np.abs(read_sound(item.audio, 16_000, 1)).max() > 0.01
    # people take what they like: the utility of what was chosen lies well above that of what might have been
    truth, log = data.truth, data.interactions.to_pandas()
    people = log["user"].map({name: n for n, name in enumerate(truth.people)}).to_numpy()
    items = log["item"].map(data.catalog.index_of).to_numpy()
    utility = truth.tastes_before @ truth.membership.T + truth.quality
    assert utility[people, items].mean() > utility[people].mean() + 0.5 * utility.std()
