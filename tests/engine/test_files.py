"""Pictures and sounds: what was made of a file stays, whatever becomes of the file."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.errors import FormatError, MediaWarning
from lifelong_widgets.featurizers.media import encoded
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET
from tests.engine.worlds import SMALL
from tests.featurizers.media_files import write_media

NAMES = ("lamp", "second-lamp", "tide", "buttons")
SETTINGS: dict[str, Any] = {
    **SMALL,
    "epochs": 1,
    "image_features": "cnn",
    "audio_features": "gru",
    "behavior_features": "usage",
    "media_epochs": 2,
    "n_image_components": 4,
    "n_audio_components": 4,
    "audio_seconds": 0.5,
    "checkpoint_every": 8,
}
PEOPLE = ("ada", "bob", "eve")


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "media").mkdir()
    monkeypatch.chdir(write_media(tmp_path / "media"))
    return tmp_path / "media"


def record(name: str, file: str = "") -> dict[str, Any]:
    file = file or name
    return {"item": name, "title": name.title(), "image": f"{file}.png", "audio": f"{file}.wav"}


def opened(shop: Path, **settings: Any) -> Recommender:
    catalog = Catalog.from_records([record(name) for name in NAMES], text=())
    return Recommender.open(shop, catalog, **{**SETTINGS, **settings})


def log(without: str = "") -> Interactions:
    items = np.random.default_rng(0).integers(4, size=30)
    return Interactions.from_events(
        Feedback(user, NAMES[items[time]], "like", time=float(time))
        for time in range(30)
        if (user := PEOPLE[time % 3]) != without
    )


def live(rec: Recommender, without: str = "") -> None:
    """Items with files come before a fit, after it, and between two; one of them has none to read yet."""

    def click(item: str) -> None:
        for user in PEOPLE:
            if user != without:
                rec.learn_one(user=user, item=item)

    click("tide")
    rec.catalog.add(record("early", "lamp"))
    click("early")
    rec.fit(log(without), **QUIET)
    rec.catalog.add([record("late", "buttons"), {"item": "bare"}])
    click("late")
    rec.catalog.add({"item": "unready", "image": "unready.png"})
    with pytest.warns(MediaWarning, match="unready"):
        click("unready")
    Image.new("RGB", (40, 40), "purple").save("unready.png")
    Image.new("RGB", (40, 40), "orange").save("lamp.png")
    rec.fit(log(without), **QUIET)
    click("unready")
    rec.catalog.add(record("last", "tide"))
    click("last")


@pytest.fixture
def lived(tmp_path: Path, media: Path) -> Iterator[Recommender]:
    rec = opened(tmp_path / "shop.lw")
    live(rec)
    yield rec
    rec.close()


def test_all_is_as_it_was_when_the_files_are_gone(lived: Recommender, tmp_path: Path, media: Path) -> None:
    moments = {id: lived.at(id, **QUIET).digest() for id in range(0, lived.journal.last_id, 9)}
    shutil.rmtree(media)
    assert lived.audit(**QUIET).equal
    assert all(lived.at(id, **QUIET).digest() == digest for id, digest in moments.items())
    lived.close()
    for checkpoint in (tmp_path / "shop.lw" / "checkpoints").iterdir():
        if checkpoint.name != "000000000000.lw":
            checkpoint.unlink()
    with Recommender.open(tmp_path / "shop.lw", **QUIET) as again:
        assert again.digest() == lived.digest()


def test_somebody_is_forgotten_when_the_files_are_gone(
    lived: Recommender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(write_media(elsewhere))
    never_seen = opened(tmp_path / "other.lw")
    live(never_seen, without="eve")
    shutil.rmtree(elsewhere)
    shutil.rmtree(tmp_path / "media")
    certificate = lived.forget("eve", **QUIET)
    assert certificate.model == certificate.never_seen == never_seen.digest()
    assert lived.journal.digest() == never_seen.journal.digest()
    never_seen.close()


def test_whoever_was_all_of_a_fit_is_forgotten(tmp_path: Path, media: Path) -> None:
    """Without that fit, what it made of the files of a later item is of no use: its file is read."""
    with opened(tmp_path / "shop.lw", image_features="none", audio_features="none") as rec:
        rec.parts["features"].image_features = "cnn"
        rec.fit(log().take(log().user_codes == 0), **QUIET)
        rec.catalog.add(record("late", "buttons"))
        rec.learn_one(user="bob", item="late")
        rec.forget("ada", **QUIET)
        assert rec.features.widths.keys() == {"text", "behavior"} and rec.audit(**QUIET).equal


def test_a_fit_sees_that_a_file_has_changed(lived: Recommender, media: Path) -> None:
    lived.fit(log(), **QUIET)
    before = lived.features.transform([lived.catalog["tide"]])
    lived.fit(log(), **QUIET)
    np.testing.assert_array_equal(lived.features.transform([lived.catalog["tide"]]), before)
    Image.new("RGB", (40, 40), "green").save("tide.png")
    lived.fit(log(), **QUIET)
    assert (lived.features.transform([lived.catalog["tide"]]) != before).any()
    assert lived.audit(**QUIET).equal


def test_networks_are_trained_once_for_the_same_items(
    tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def train(*arguments: Any) -> None:
        trained.append(arguments)
        original(*arguments)

    original = encoded.train
    monkeypatch.setattr(encoded, "train", train)
    with opened(tmp_path / "shop.lw") as rec:
        assert len(trained) == 2, "the pictures' and the sounds'"
        rec.fit(log(), **QUIET)
        assert len(trained) == 2
        once = rec.features.transform(list(rec.catalog))
        rec.parts["features"].media_epochs = 3
        rec.fit(log(), **QUIET)
        assert len(trained) == 4
        rec.catalog.add(record("late", "buttons"))
        rec.fit(log(), **QUIET)
        assert len(trained) == 6
        assert rec.audit(**QUIET).equal
        assert len(trained) == 6, "the journal has what the networks learned"
    anew = Recommender(
        rec.catalog.subset(NAMES), **{k: v for k, v in SETTINGS.items() if k in rec.settings()}
    )
    anew.parts["features"].fusion = "late"  # of which the rows know nothing
    anew.fit(log(), **QUIET)
    np.testing.assert_array_equal(anew.features.transform(list(anew.catalog)), once)


def test_a_journal_without_files_is_what_older_versions_read(tmp_path: Path, media: Path) -> None:
    with opened(tmp_path / "plain.lw", image_features="none", audio_features="none") as rec:
        rec.fit(log(), **QUIET)
        rec.catalog.add(record("late", "lamp"))
    with opened(tmp_path / "media.lw") as rec:
        rec.catalog.add(record("late", "lamp"))
    versions = []
    for name in ("plain.lw", "media.lw"):
        database = sqlite3.connect(tmp_path / name / "journal.sqlite")
        versions += database.execute("PRAGMA user_version").fetchone()
        database.close()
    assert versions == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        "data = zeroblob(length(data))",
        "part = 1",
        "data = 'text'",
    ],
)
def test_what_was_kept_and_is_damaged_is_refused(lived: Recommender, tmp_path: Path, change: str) -> None:
    lived.close()
    for checkpoint in (tmp_path / "shop.lw" / "checkpoints").iterdir():
        if checkpoint.name != "000000000000.lw":
            checkpoint.unlink()
    database = sqlite3.connect(tmp_path / "shop.lw" / "journal.sqlite")
    with database:
        database.execute(
            f"UPDATE attachments SET {change} WHERE rowid = (SELECT max(rowid) FROM attachments)"
        )
    database.close()
    with pytest.raises(FormatError, match="damaged at the attachment of entry"):
        Recommender.open(tmp_path / "shop.lw", **QUIET)
