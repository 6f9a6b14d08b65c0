"""Numbers that add up to a score, and say what it is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lifelong_widgets as lw
from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.errors import DataError, UnknownItemError
from lifelong_widgets.explanation import Explanation
from lifelong_widgets.explanation.paths import along_history, along_item
from lifelong_widgets.explanation.shares import shares
from lifelong_widgets.memory import GROUPS, LINEAR, NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, assert_same_state

WORDS = ["red", "sea", "lamp", "oil", "war", "moon"]


def shelf(n_items: int, rng: np.random.Generator) -> Catalog:
    """Items of two words and a category, some without either."""
    return Catalog.from_records(
        {
            "item": n,
            "title": " ".join(rng.choice(WORDS, size=2)) if rng.random() < 0.9 else "",
            "categories": [["North", "South"][int(rng.integers(2))]] if rng.random() < 0.9 else [],
        }
        for n in range(n_items)
    )


def life(seed: int, n_events: int = 60, n_items: int = 20, **hyperparameters: Any) -> Recommender:
    """A recommender that has learned events without a rule."""
    rng = np.random.default_rng(seed)
    rec = Recommender(shelf(n_items, rng), seed=seed, **{**SMALL, "embedding_dim": 8, **hyperparameters})
    for n in range(n_events):
        kind = str(rng.choice(["like", "view", "dislike", "purchase"]))
        user, item = int(rng.integers(4)), int(rng.integers(n_items))
        rec.learn_one(user=user, item=item, kind=kind, time=float(n) * 3000.0)
    return rec


def assert_adds_up(why: Explanation) -> None:
    """To 1e-5 of the score, or of 1 if that is more: it is a number of seven digits."""
    close = 1e-5 * max(1.0, abs(why.score))
    assert sum(why.parts.values()) == pytest.approx(why.score, abs=close)
    for by in ("part", "event", "feature"):
        table = why.to_pandas(by)  # type: ignore[arg-type]
        assert table["amount"].sum() == pytest.approx(why.score, abs=close), by
        assert np.isfinite(table["amount"]).all()
        for part in why.parts if by != "part" else ():
            assert table[part].sum() == pytest.approx(why.parts[part], abs=1e-6), part
    assert sum(why.popularity.values()) == pytest.approx(why.parts.get("popularity", 0.0), abs=1e-6)
    assert sum(why.personal.values()) == pytest.approx(why.parts.get("personal", 0.0), abs=1e-6)
    rest = sum(why.parts.get(part, 0.0) for part in ("baseline", "item bias", "personal", "value"))
    assert why.fast + why.slow + rest == pytest.approx(why.score, abs=close)
    assert sum(why.influence.values()) == pytest.approx(sum(event.amount for event in why.events))


SWITCHES = st.fixed_dictionaries({f"use_{group}": st.booleans() for group in GROUPS})


@settings(max_examples=12)
@given(
    st.integers(0, 2**31 - 1),
    st.integers(0, 30),
    SWITCHES,
    st.sampled_from(["early", "late", "gated"]),
    st.sampled_from([0.0, 0.9]),
    st.one_of(st.none(), st.floats(0.0, 1e9)),
)
def test_parts_add_up_to_the_score(
    seed: int, n_events: int, switches: dict[str, bool], fusion: str, discount: float, now: float | None
) -> None:
    rec = life(seed, n_events, fusion=fusion, discount=discount, session_gap=1e6, **switches)
    rng = np.random.default_rng(seed)
    before = rec.get_state()
    for user in (int(rng.integers(4)), "nobody"):
        why = rec.explain(user, int(rng.integers(20)), now=now)
        assert_adds_up(why)
        person = rec.users.get(user)
        assert why.score == rec.ranker.score_of(person, rec.index_of(why.item), now)
        assert len(why.events) == len(rec.ranker.past_of(person).items)
        listed = rec.recommend(user, k=3, exclude_seen=False, now=now)
        for item, score in zip(listed.items, listed.scores, strict=True):
            if rec.ranker.look(person, now).candidates.place_of(rec.index_of(item)) is not None:
                assert rec.explain(user, item, now=now).score == pytest.approx(score, abs=1e-5)
        made = rec.explain_list(user, k=3, now=now)
        assert [row.item for row in made] == list(rec.recommend(user, k=3, now=now).items)
        assert not rec.what_changed(made, now=now).moved
    rec_after = rec.get_state()
    assert set(before) == set(rec_after) and before["rng"] == rec_after["rng"]


@pytest.mark.parametrize("model", list(lw.models.list().index))
def test_the_network_alone_is_split_over_the_past_by_every_model(model: str) -> None:
    rec = life(1, 40, model=model, **NETWORK_ALONE)
    why = rec.explain(1, 5)
    assert_adds_up(why)
    assert why.gap < 1e-3 and set(why.parts) == {"baseline", "network"}
    # what the baseline says: a past of items of which nothing is known
    person = rec.users.get(1)
    rewards = torch.from_numpy(rec.histories.rewards_of(person)[None].copy())
    with torch.no_grad():
        user = rec.network.encoder(torch.zeros(1, SMALL["history_length"], 8), rewards)
    nobody = float(rec.network.scores_of(user, np.array([5]))[0, 0])
    assert why.parts["baseline"] == pytest.approx(nobody, abs=1e-5)
    # who is not there has no events, and the parts are there all the same
    assert not rec.explain("nobody", 5).events


def test_the_integral_is_that_of_a_reference() -> None:
    """A Riemann sum of two thousand steps, written as in the paper."""
    rec = life(1, 80, model="mlp", activation="tanh")
    person, network = rec.users.get(1), rec.network
    items, rewards = rec.histories.items_of(person), rec.histories.rewards_of(person)
    contrast = np.array([[1, -1], [-0.5, 1], [-0.5, 0]], dtype=np.float32)
    found = along_history(network, items, rewards, np.array([5, 3, 8]), contrast)
    with torch.no_grad():
        vectors = network.item_vectors(*network.items.gather(torch.from_numpy(items)))
        three = network.item_vectors(*network.items.gather(torch.tensor([5, 3, 8])))
    steps = (torch.arange(2_000) + 0.5) / 2_000
    points = (steps.view(-1, 1, 1) * vectors).requires_grad_()
    scores = network.head(network.encoder(points, torch.from_numpy(rewards).expand(2_000, -1)), three)
    for place, held in enumerate((scores[:, 0] - scores[:, 1:].mean(1), scores[:, 1] - scores[:, 0])):
        slopes = torch.autograd.grad(held.sum(), points, retain_graph=True)[0]
        expected = (slopes.double().mean(0) * vectors.double()).sum(1).numpy()[rewards != 0]
        assert found.parts[:, place] == pytest.approx(expected, abs=1e-4)
    user = network.user_vectors(items[None], rewards[None])
    own, columns = along_item(network, user, 5)
    whole = float(network.scores_of(user, np.array([5]))[0, 0])
    assert own.baseline[0] + own.parts.sum() + columns.sum() == pytest.approx(whole, abs=1e-4)


@pytest.mark.parametrize("member", LINEAR)
@pytest.mark.parametrize("fusion", ["early", "late"])
def test_terms_add_up_to_the_score_of_their_member(member: str, fusion: str) -> None:
    rec = life(3, 100, fusion=fusion)
    for person in range(4):
        past = rec.ranker.past_of(person)
        items = np.arange(20)
        scores = rec.memory._scores(past, None, rec.content)[member].of(items)
        terms = rec.ranker.terms(past, items)[member]
        assert terms.shape == (len(past.liked), 20)
        assert terms.sum(axis=0) == pytest.approx(scores, abs=1e-5)
    columns = rec.ranker.content_terms(1, 7)
    assert columns.sum(axis=1) == pytest.approx(
        rec.ranker.terms(rec.ranker.past_of(1), np.array([7]))["content"][:, 0], abs=1e-6
    )


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_shares_add_up_to_one_and_are_bounded(terms: list[float]) -> None:
    found = shares(np.array(terms))
    assert found.sum() == pytest.approx(1.0, abs=1e-6)
    assert np.abs(found).max() <= 3.0 + 1e-9
    if min(terms) > 0:
        assert found == pytest.approx(np.array(terms) / sum(terms))


def test_the_event_that_everybody_goes_on_from_has_pushed_an_item() -> None:
    catalog = Catalog.from_records({"item": n, "title": f"Thing {n}"} for n in range(60))
    rec = Recommender(catalog, **SMALL)
    for person in range(6):
        for item in (10, 21):
            rec.learn_one(user=person, item=item, kind="view")
    for item in (30, 10, 40):
        rec.observe(Feedback("eve", item, "like"))
    why = rec.explain("eve", 21)
    assert next(iter(why.influence)) == 10
    most = max(why.events, key=lambda event: event.amount)
    assert (most.place, most.item, most.title, most.kind) == (1, 10, "Thing 10", "like")
    assert most.parts["neighbors"] > 0 and why.fast > 0


def test_an_explanation_is_of_its_moment() -> None:
    """What is popular now is not what was popular a year ago, and what comes later is not there yet."""
    catalog = Catalog.from_records(
        [{"item": n, "title": f"Thing {n}"} for n in range(20)]
        + [{"item": "late", "title": "Late", "released": "1970-02-01"}]
    )
    rec = Recommender(catalog, **SMALL)
    for n in range(40):
        rec.learn_one(user=f"p{n % 7}", item=int(n % 5), kind="like", time=3600.0 * (1 + n))
    soon, later = 3600.0 * 42, 3600.0 * 24 * 400
    item = rec.recommend("eve", k=1, now=soon).items[0]
    fresh, old = (rec.explain("eve", item, now=now) for now in (soon, later))
    assert fresh.popularity["hours"] != pytest.approx(old.popularity["hours"])
    assert fresh.score == rec.recommend("eve", k=1, now=soon).scores[0] != old.score
    assert "late" not in [row.item for row in rec.explain_list("eve", k=30, now=soon)]
    assert "late" in [row.item for row in rec.explain_list("eve", k=30, now=later)]
    moved = {row.item: row for row in rec.what_changed(rec.explain_list("eve", k=30, now=soon), now=later)}
    assert moved["late"].before is None and moved["late"].after is not None
    with pytest.raises(DataError, match="'late' is not among the 30 best"):
        rec.counterfactual("eve", "late", k=30, now=soon)
    assert rec.counterfactual("eve", "late", k=30, now=later).rank == moved["late"].after
    for refused in (
        lambda now: rec.explain("eve", 1, now=now),
        lambda now: rec.explain_list("eve", now=now),
        lambda now: rec.what_changed(rec.explain_list("eve"), now=now),
        lambda now: rec.counterfactual("eve", item, now=now),
    ):
        with pytest.raises(DataError, match="now"):
            refused(float("nan"))


def test_features_have_names() -> None:
    """Whoever likes the sea is shown the sea for its sake."""
    rng = np.random.default_rng(0)
    catalog = Catalog.from_pandas(
        pd.DataFrame(
            {
                "item": range(24),
                "title": [f"{WORDS[n % 6]} {WORDS[(n // 6 + 3) % 6]}" for n in range(24)],
                "categories": [[["North"], ["South"]][n % 2] for n in range(24)],
            }
        )
    )
    rec = Recommender(catalog, **SMALL)
    for n in range(120):
        taste = n % 6
        rec.learn_one(user=f"p{taste}", item=int(rng.integers(4)) * 6 + taste, kind="like", time=float(n))
    why = rec.explain("p1", 7)
    assert {(feature.modality, feature.name) for feature in why.features} == {
        ("", ""), ("categories", "South"), ("text", "sea"), ("text", "war")
    }  # fmt: skip
    by_name = {feature.name: feature.parts["content"] for feature in why.features if feature.modality}
    assert by_name["sea"] > by_name["war"]
    assert set(why.modalities) == {"text", "categories"}


@pytest.mark.parametrize("text", ["hashing", "bag_of_words", "cnn", "word2vec"])
@pytest.mark.parametrize("reduction", ["svd", "pca"])
def test_features_of_any_kind_add_up(text: str, reduction: str) -> None:
    rec = life(5, 40, text_features=text, reduction=reduction, fusion="late")
    assert_adds_up(rec.explain(1, 4))


def test_disliking_pulls_down() -> None:
    rec = life(1)
    rec.observe(Feedback("me", 9, "like"))
    before = rec.explain("me", 9)
    rec.observe(Feedback("me", 9, "dislike"))
    after = rec.explain("me", 9)
    assert [event.kind for event in after.events] == ["dislike", "like"]
    assert after.score < before.score and after.parts["repeats"] < before.parts["repeats"]
    assert after.events[0].parts["repeats"] < 0


def test_explaining_changes_nothing() -> None:
    one, other = life(2), life(2)
    for item in range(5):
        one.explain(1, item)
        one.explain("nobody", item)
    for rec in (one, other):
        rec.learn_one(user=1, item=3, kind="like")
    assert_same_state(one, other)


def test_it_is_drawn_as_text() -> None:
    catalog = Catalog.from_records([{"item": 1, "title": "<b>Fog</b>\x1b[2J"}, {"item": 2, "title": "Bee"}])
    rec = Recommender(catalog, **SMALL)
    rec.learn_one(user="<i>ada", item=1, kind="like")
    why = rec.explain("<i>ada", 1)
    assert "\x1b" not in repr(why) and "baseline" in repr(why) and "like: <b>Fog</b>" in repr(why)
    page = why._repr_html_()
    assert "<b>Fog" not in page and "&lt;b&gt;Fog" in page and "<i>ada" not in page
    with pytest.raises(DataError, match="by is 'colour'"):
        why.to_pandas("colour")  # type: ignore[arg-type]
    with pytest.raises(UnknownItemError):
        rec.explain("ada", "nothing")


@pytest.mark.parametrize("model", ["decayed_mlp", "mlp", "gru", "self_attention"])
def test_the_integral_is_that_of_captum(model: str) -> None:
    """Where captum is installed: its integrated gradients, of which one has to know the number of steps."""
    captum = pytest.importorskip("captum.attr")
    rec = life(1, 80, model=model)
    person, network = rec.users.get(1), rec.network
    items, rewards = rec.histories.items_of(person), rec.histories.rewards_of(person)
    found = along_history(network, items, rewards, np.array([5]), np.ones((1, 1), dtype=np.float32))
    with torch.no_grad():
        vectors = network.item_vectors(*network.items.gather(torch.from_numpy(items)))
        five = network.item_vectors(*network.items.gather(torch.tensor([5])))

    def score(histories: torch.Tensor) -> torch.Tensor:
        told = torch.from_numpy(rewards).expand(len(histories), -1).contiguous()
        return network.head(network.encoder(histories, told), five)[:, 0]

    theirs, delta = captum.IntegratedGradients(score).attribute(
        vectors[None], torch.zeros_like(vectors)[None], n_steps=64, return_convergence_delta=True
    )
    assert abs(float(delta)) < 1e-4
    expected = theirs[0].sum(dim=1).detach().numpy()[rewards != 0]
    assert found.parts[:, 0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("model", list(lw.models.list().index))
def test_the_integral_is_complete(model: str) -> None:
    """Baseline and parts are the score, of each of several items at once, and hardly had to be mended."""
    rec = life(2, 80, model=model)
    person, network = rec.users.get(1), rec.network
    items, rewards = rec.histories.items_of(person), rec.histories.rewards_of(person)
    found = along_history(network, items, rewards, np.arange(6), np.eye(6, dtype=np.float32))
    whole = network.scores_of(network.user_vectors(items[None], rewards[None]), np.arange(6))[0].numpy()
    assert found.baseline + found.parts.sum(axis=0) == pytest.approx(whole, abs=1e-5)
    assert found.gap.max() < 1e-3


def test_a_drawing_says_how_many_there_are_and_folds_common_words() -> None:
    titles = [
        "the sea and the war of her winter",
        "the sea",
        "and the war",
        "her winter",
        "of a harbour",
        "the fog",
    ]
    catalog = Catalog.from_records([{"item": n, "title": title} for n, title in enumerate(titles * 4)])
    rec = Recommender(catalog, **SMALL)
    for n in range(40):
        rec.learn_one(user=f"p{n % 4}", item=n % 24, kind="like", time=float(n))
    why = rec.explain("p1", 0)
    text = [feature for feature in why.features if feature.modality == "text"]
    common = [feature for feature in text if feature.name in {"the", "and", "of", "her"}]
    assert len(common) > 1 and [row.name for row in why.content].count("") == 1
    assert why.content[-1].amount == pytest.approx(sum(feature.amount for feature in common))
    assert sum(row.amount for row in why.content) == pytest.approx(sum(why.modalities.values()))
    assert "text: the\n" not in repr(why) + "\n"
    assert len(why.events) > 5 and f"by past events, the 5 largest of {len(why.events)}" in repr(why)
    assert f"by past events, the 5 largest of {len(why.events)}" in why._repr_html_()
