"""Texts that are read by a small network, which is learned end to end with the recommender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lifelong_widgets import Catalog, Feedback, Interactions, Recommender
from lifelong_widgets.errors import FormatError
from lifelong_widgets.learning import Examples
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.learning.objectives import OBJECTIVES

ENCODERS = ("cnn", "lstm", "gru")
SMALL = {
    "embedding_dim": 8, "hidden_dim": 8, "history_length": 8, "n_text_components": 6, "epochs": 12,
    "categories_features": "none",
}  # fmt: skip
WORDS = ("lune soleil mer nuit", "moon sun sea night")


def two_tongues(seed: int, n: int = 800) -> tuple[Catalog, Interactions]:
    """Two circles who read what is in their language; no title occurs twice but by chance."""
    rng = np.random.default_rng(seed)
    records = [{"item": n, "title": " ".join(rng.permutation(WORDS[n % 2].split())[:2])} for n in range(80)]
    people = rng.integers(40, size=n).tolist()
    events = [
        Feedback(f"u{person}", 2 * int(rng.integers(40)) + person % 2, "like", time=float(when))
        for when, person in enumerate(people)
    ]
    return Catalog.from_records(records), Interactions.from_events(events)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recommender]:
    """Gives one that has learned the two tongues, a new one at each call; it is fitted once."""
    folder = tmp_path_factory.mktemp("fitted")

    def load(encoder: str) -> Recommender:
        path = folder / f"{encoder}.lw"
        if not path.exists():
            catalog, log = two_tongues(0)
            rec = Recommender(catalog, text_features=encoder, **SMALL)
            rec.fit(log, progress=False)
            rec.save(path)
        return Recommender.load(path)

    return load


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_new_item_is_placed_by_words_whose_meaning_was_learned(
    fitted: Callable[[str], Recommender], encoder: str
) -> None:
    rec = fitted(encoder)
    rec.catalog.add([{"item": "fr", "title": "nuit mer"}, {"item": "en", "title": "night sea"}])
    rec.recommend("u0")
    content = rec.network.items.rows[:, 8:]
    french, english = content[-2], content[-1]
    # before the training, both say what chance made of them; now each lies with its own
    own = [float(content[:80][tongue::2].mean(0) @ vector) for tongue, vector in ((0, french), (1, english))]
    other = [
        float(content[:80][tongue::2].mean(0) @ vector) for tongue, vector in ((1, french), (0, english))
    ]
    assert min(own) > max(other)
    items = rec.recommend("u0", k=82, exclude_seen=False).items
    assert items.index("fr") < items.index("en")


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_click_moves_the_encoder_and_is_undone(
    fitted: Callable[[str], Recommender], encoder: str, tmp_path: Path
) -> None:
    rec = fitted(encoder)
    before = rec.digest()
    words = rec.network.learned.encoder.words.weight.detach().clone()  # type: ignore[union-attr]
    for n in range(3):
        rec.learn_one(user="u0", item=n, kind="like")
    assert not torch.equal(rec.network.learned.encoder.words.weight, words)  # type: ignore[union-attr]
    rec.undo(3)
    assert rec.digest() == before
    rec.save(tmp_path / "one.lw")
    again = Recommender.load(tmp_path / "one.lw")
    assert again.digest() == before
    for one in (rec, again):
        one.learn_one(user="u1", item=4, kind="like", time=1e6)
    assert again.digest() == rec.digest()


def test_no_row_is_old_for_long(fitted: Callable[[str], Recommender]) -> None:
    rec = fitted("cnn")
    network = rec.network
    assert network.learned is not None
    for _ in range(len(network.items) // 64 + 1):
        rec.learn_one(user="u0", item=0, kind="like")
    everything = np.arange(len(network.items))
    gap = np.abs(
        network.items.content_of(everything, network.learned.columns) - network.learned.rows(everything)
    )
    assert gap.max() < 0.05
    network.refresh()
    np.testing.assert_array_equal(
        network.items.content_of(everything, network.learned.columns), network.learned.rows(everything)
    )


def test_a_state_that_does_not_fit_is_refused(fitted: Callable[[str], Recommender]) -> None:
    rec = fitted("gru")
    state, before = rec.get_state(), rec.digest()
    words = state["network"]["learned.encoder.words.weight"]
    for name, wrong in (
        ("learned.turn", torch.tensor(10_000)),
        ("learned.numbers", torch.full((80, 48), 10**6, dtype=torch.int32)),
        ("learned.scales", torch.zeros(3)),
        (
            "learned.encoder.words.weight",
            torch.full_like(words, np.nan),
        ),
    ):
        broken = {**state, "network": {**state["network"], name: wrong}}
        with pytest.raises(FormatError):
            rec.network.set_state(broken["network"])
        assert rec.digest() == before


def test_its_gradients_are_those_of_autograd() -> None:
    """The row of an item is read in histories, as a target and as a negative: all go back to the words."""
    rec = Recommender(two_tongues(0)[0], text_features="cnn", **SMALL)
    rec.recommend("anybody")
    network, rng = rec.network, np.random.default_rng(0)
    assert network.learned is not None
    examples = Examples(
        rng.integers(80, size=(3, 8)),
        rng.choice(np.array([0.0, 1.0], dtype=np.float32), size=(3, 8)),
        rng.integers(80, size=3),
        np.ones(3, dtype=np.float32),
    )
    negatives, loss = np.arange(20), OBJECTIVES["sampled_softmax"]
    parameters = network.learned.parameters()
    into = [torch.empty_like(parameter) for parameter in network.dense_parameters()]
    gradients(network, examples, negatives, loss, into)

    numbers = torch.from_numpy(network.learned._numbers.astype(np.int64))
    content = network.learned.encoder(numbers)
    vectors = network.item_vectors(network.items.embeddings.clone(), content)
    users = network.encoder(vectors[examples.history_items], torch.from_numpy(examples.history_rewards))
    is_target = torch.from_numpy(negatives == examples.targets[:, None])
    losses = loss(
        (users * vectors[examples.targets]).sum(1),
        (users @ vectors[negatives].T).masked_fill(is_target, -torch.inf),
        torch.from_numpy(examples.rewards),
        80,
    )
    expected = torch.autograd.grad(losses.mean(), parameters)
    for mine, theirs in zip(into[-len(parameters) :], expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)
        assert theirs.abs().sum() > 0


def test_an_item_that_came_after_a_click_is_what_the_journal_says_when_the_click_is_undone(
    tmp_path: Path,
) -> None:
    catalog, _ = two_tongues(0)
    with Recommender.open(tmp_path / "shop.lw", catalog, text_features="cnn", **SMALL) as rec:
        for n in range(6):
            rec.learn_one(user="u0", item=2 * n, kind="like", time=float(n))
        catalog.add([{"item": "fr", "title": "nuit mer"}, {"item": "en", "title": "night sea"}])
        rec.recommend("u0")
        rec.undo()
        assert rec.audit().equal
