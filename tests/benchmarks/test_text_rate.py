"""Texts are transformed as quickly as by scikit-learn alone; one new item is on the list within a blink."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.random_projection import GaussianRandomProjection

from lifelong_widgets.data import Catalog, Item
from lifelong_widgets.featurizers import FEATURIZERS
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.threads import one_thread

pytestmark = pytest.mark.benchmark

N_DOCUMENTS, N_WORDS = 20_000, 30_000


@pytest.fixture(autouse=True)
def _one_thread() -> object:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def documents() -> list[str]:
    """Texts of some sixty words whose frequencies fall as those of a language do."""
    rng = np.random.default_rng(0)
    syllables = np.array(["ba", "do", "ki", "lu", "me", "no", "pa", "ri", "su", "te", "va", "zo"])
    words = np.array(["".join(syllables[rng.integers(12, size=rng.integers(1, 5))]) for _ in range(N_WORDS)])
    chance = 1 / np.arange(5, N_WORDS + 5)
    lengths = rng.integers(20, 100, size=N_DOCUMENTS)
    drawn = words[rng.choice(N_WORDS, size=lengths.sum(), p=chance / chance.sum())]
    return [" ".join(text) for text in np.split(drawn, np.cumsum(lengths)[:-1])]


def bare(name: str, reduction: str, documents: list[str]) -> Callable[[], object]:
    """The same vectorizer and reduction of scikit-learn, fitted, with nothing around them."""
    vectorizer = {
        "tfidf": TfidfVectorizer(sublinear_tf=True, max_features=20_000),
        "bag_of_words": TfidfVectorizer(use_idf=False, max_features=20_000),
        "hashing": HashingVectorizer(n_features=20_000),
    }[name]
    reducer = {
        "svd": TruncatedSVD(32, random_state=0),
        "pca": PCA(32, svd_solver="arpack", random_state=0),
        "random_projection": GaussianRandomProjection(32, random_state=0),
    }[reduction]
    reducer.fit(vectorizer.fit_transform(documents))
    return lambda: reducer.transform(vectorizer.transform(documents))


@pytest.mark.parametrize(
    ("name", "reduction"),
    [
        ("tfidf", "svd"),
        ("tfidf", "pca"),
        ("tfidf", "random_projection"),
        ("bag_of_words", "svd"),
        ("hashing", "random_projection"),
    ],
)
def test_texts_are_transformed_at_the_rate_of_scikit_learn(
    documents: list[str], name: str, reduction: str
) -> None:
    items = [Item(number, text) for number, text in enumerate(documents)]
    ours = FEATURIZERS["text"][name](reduction=reduction)  # type: ignore[call-arg]
    ours.fit(items)
    theirs = bare(name, reduction, documents)
    for _ in range(3):
        taken, needed = in_turns(lambda: ours.transform(items), theirs)
        rate = needed / taken
        print(f"{name} + {reduction}: {N_DOCUMENTS / taken:,.0f} texts/s, {rate:.2f} of scikit-learn's")
        if rate >= 0.9:
            return
    raise AssertionError(f"{name} + {reduction} at {rate:.2f} of scikit-learn's rate")


@pytest.mark.parametrize("name", ["tfidf", "bag_of_words", "hashing", "word2vec", "static_vectors"])
def test_a_new_item_is_featurized_and_recommendable_in_under_20_steps(
    documents: list[str], name: str
) -> None:
    frame = pd.DataFrame({"item": np.arange(5_000), "title": documents[:5_000]})
    rec = Recommender(Catalog.from_pandas(frame), text_features=name)
    rng = np.random.default_rng(1)
    for item in rng.integers(5_000, size=300):
        rec.learn_one(user="me", item=int(item), kind="like")
    new = iter(range(10_000, 20_000))

    def add_and_recommend() -> None:
        number = next(new)
        rec.catalog.add({"item": number, "title": documents[number]})
        rec.recommend("me", k=10)

    def learn() -> None:
        rec.learn_one(user="me", item=int(rng.integers(5_000)), kind="like")

    added, learned = in_turns(add_and_recommend, learn, rounds=60)
    print(f"{name}: new item {added * 1e3:.2f} ms, click {learned * 1e3:.2f} ms: × {added / learned:.1f}")
    assert added < 20 * learned
    everything = {entry.item for entry in rec.recommend("me", k=len(rec.catalog))}
    assert set(range(10_000, 10_060)) <= everything, "each of them can be on the list"


def in_turns(*actions: Callable[[], object], rounds: int = 5) -> list[float]:
    """The least CPU seconds of each of `actions`, done in turns: a slow hour is all of theirs."""
    taken = np.empty((rounds, len(actions)))
    for turn in range(rounds):
        for number, action in enumerate(actions):
            start = time.process_time()
            action()
            taken[turn, number] = time.process_time() - start
    return [float(seconds) for seconds in taken.min(axis=0)]
