"""Who follows whom, as an input: live, written down, undone around, forgotten, saved; and worth something."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Catalog, Feedback, Interactions, SocialGraph
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.journal import Journal, Op
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.saving import KIND, VERSION
from lifelong_widgets.state_file import read_tree, write_tree
from tests.engine.lives import QUIET, fresh, opened
from tests.engine.worlds import SMALL, assert_same_state

SOCIAL = ("neighbor_tastes", "node_embedding")
each = pytest.mark.parametrize("name", SOCIAL)


def company(without: str = "") -> SocialGraph:
    graph = SocialGraph()
    for edge in (("p1", "p3"), ("p2", "p4"), ("zoe", "p2"), ("p3", "p5"), ("p5", "p1"), ("zoe", "p4")):
        if without not in edge:
            graph.add(*edge)
    return graph


def live(rec: Recommender, log: Interactions, without: str = "") -> None:
    """Events and edges in turn, some of both taken back; or the same `without` somebody."""

    def edge(verb: Any, *edge: Any) -> None:
        if without not in edge:
            verb(*edge)

    def learn(first: int, stop: int) -> None:
        for event in log[first:stop]:
            if event.user != without:
                rec.learn_one(event)

    learn(0, 8)
    edge(rec.follow, "p1", "p2", 2.0)
    rec.fit(Interactions.from_events(event for event in log[8:90] if event.user != without), **QUIET)
    edge(rec.follow, "new", "p4")
    learn(90, 96)
    edge(rec.unfollow, "zoe", "p2")
    rec.learn_one(user="new", item="i2", kind="like", time=200.0)
    edge(rec.follow, "p1", "p3", 0.25)
    rec.undo(1)
    edge(rec.follow, "p4", "new")
    part = Interactions.from_events(event for event in log[96:120] if event.user != without)
    rec.learn_many(part, batch_size=8, **QUIET)
    edge(rec.follow, "zoe", "p2", 3.0)


def test_a_view_and_a_copy() -> None:
    given = company()
    rec = fresh(graph=given)
    view = rec.graph
    given.add("p1", "p9")
    assert len(view) == 6 and ("p1", "p9") not in view, "what was given is copied"
    rec.follow("p9", "p1", weight=0.5)
    rec.unfollow("p1", "p3")
    assert view.following("p9") == {"p1": 0.5} and not view.following("p1"), "it shows what is there now"
    for change in (lambda: view.add("a", "b"), lambda: view.remove("p9", "p1")):
        with pytest.raises(DataError, match="a view of a graph"):
            change()
    with pytest.raises(DataError, match=r"graph is a SocialGraph, not a dict.*from_pandas"):
        fresh(graph={"p1": "p2"})


@each
def test_somebody_who_has_done_nothing_is_known_by_their_edges(name: str, log: Interactions) -> None:
    rec = fresh(person_features=name, graph=company(), capacity=1000)
    rec.fit(log[:120], **QUIET)
    before, n = rec.digest(), len(rec.users)
    nobody, zoe = rec.recommend("nobody", 20), rec.recommend("zoe", 20)
    assert zoe.scores != nobody.scores, "she has company, and no history"
    rec.explain("zoe", "i1")
    assert rec.digest() == before and len(rec.users) == n, "a look allocates nothing"
    rec.follow("nobody", "p4")
    assert rec.recommend("nobody", 20).scores != nobody.scores, "at once"
    rec.unfollow("nobody", "p4")
    assert rec.recommend("nobody", 20).scores == nobody.scores
    twin = rec.frozen_twin()
    assert twin.recommend("zoe", 20).scores == zoe.scores
    twin.follow("zoe", "p5")
    assert ("zoe", "p5") not in rec.graph, "a twin has a graph of its own"
    kept: np.ndarray = rec.people.rows([rec.people.index_of("zoe")])  # type: ignore[assignment]
    rec.learn_one(user="zoe", item="i1", kind="like")
    np.testing.assert_array_equal(rec.get_state()["buffer"]["people"][-1], kept[0])


@each
def test_newcomers_get_what_those_like_whom_they_follow(name: str) -> None:
    """Two camps, each with items of a category of its own: who follows one of a camp is given its items."""
    rng, camps = np.random.default_rng(0), ("North", "South")
    shelf = Catalog.from_records({"item": f"i{n}", "categories": [camps[n % 2]]} for n in range(40))
    graph, events = SocialGraph(), []
    for person in range(40):
        for other in rng.choice(20, 3, replace=False).tolist():
            if 2 * other + person % 2 != person:
                graph.add(f"p{person}", f"p{2 * other + person % 2}")
        own = rng.permutation(np.arange(person % 2, 40, 2))[:8]
        events += [Feedback(f"p{person}", f"i{item}", "like", float(rng.random())) for item in own]
    log = Interactions.from_events(sorted(events, key=lambda event: event.time or 0.0))

    def own_share(features: str) -> float:
        rec = Recommender(shelf, graph=graph, person_features=features, **{**SMALL, "epochs": 20})
        rec.fit(log, **QUIET)
        shares = []
        for n in range(12):
            for followed in (n, n + 2, n + 4):
                rec.follow(f"new {n}", f"p{followed}")
            listed = rec.recommend(f"new {n}", 10, reasons=False).items
            shares.append(np.mean([int(str(item)[1:]) % 2 == n % 2 for item in listed]))
        return float(np.mean(shares))

    assert abs(own_share("none") - 0.5) < 1e-9, "the same list for all, half of it for either camp"
    assert own_share(name) > 0.8


@each
def test_without_a_graph_there_is_nothing_to_say_until_somebody_follows(name: str, log: Interactions) -> None:
    rec = fresh(person_features=name)
    rec.fit(log[:60], **QUIET)
    assert not rec.people.rows([0, 1]).any()  # type: ignore[union-attr]
    rec.follow("p1", "p2")
    rec.fit(log[:60], **QUIET)
    assert rec.people.rows([rec.people.index_of("p1")]).any()  # type: ignore[union-attr]


@each
def test_the_life_with_edges_in_a_journal(name: str, shop: Path, log: Interactions) -> None:
    plain = fresh(person_features=name, graph=company())
    rec = opened(shop, person_features=name, graph=company())
    live(plain, log)
    live(rec, log)
    assert rec.digest() == plain.digest() and rec.audit(**QUIET).equal
    assert rec.journal is not None and list(rec.journal.graph()) == list(rec.graph)
    moment = rec.at(3, **QUIET)
    assert len(moment.graph) == 3, "edges are entries, one each"
    with pytest.raises(DataError, match="cannot follow"):
        moment.follow("p1", "p9")
    rec.close()
    with Recommender.open(shop, graph=company("p2")) as again:
        assert again.digest() == plain.digest(), "it goes on with the edges it had"
        again.follow("p7", "p1")
        plain.follow("p7", "p1")
        assert again.digest() == plain.digest()
        with pytest.raises(DataError, match="settings, items or edges have changed since"):
            plain.undo(3)
        again.undo(3, **QUIET)
        assert again.audit(**QUIET).equal
    for id in (shop / "checkpoints").iterdir():
        id.unlink()
    with Recommender.open(shop, read_only=True, **QUIET) as look:
        assert ("p7", "p1") in look.graph and look.audit(**QUIET).equal
        with pytest.raises(DataError, match="cannot unfollow"):
            look.unfollow("p7", "p1")


@each
def test_forgotten_with_the_edges_from_and_to_them(name: str, shop: Path, log: Interactions) -> None:
    rec, never = (
        opened(shop, person_features=name, graph=company()),
        fresh(person_features=name, graph=company("p2")),
    )
    live(rec, log)
    live(never, log, without="p2")
    certificate = rec.forget("p2", **QUIET)
    assert certificate.proven and "p2" not in rec.graph.people
    assert_same_state(rec, never)
    assert rec.graph.get_state()["people"] == list(never.graph.people) and list(rec.graph) == list(
        never.graph
    )
    rec.close()
    with Recommender.open(shop) as again:
        assert again.audit(**QUIET).equal


def test_somebody_who_only_has_edges_can_be_forgotten(shop: Path, log: Interactions) -> None:
    with opened(shop, person_features="neighbor_tastes", graph=company()) as rec:
        rec.learn_one(log[0])
        assert rec.forget("zoe", **QUIET).n_events == 2
        assert "zoe" not in rec.graph.people and len(rec.graph) == 4
        with pytest.raises(DataError, match="nothing is held about 'zoe'"):
            rec.forget("zoe", **QUIET)


def test_pseudonyms_for_both(shop: Path, log: Interactions) -> None:
    with opened(shop, person_features="neighbor_tastes", graph=company(), pseudonymize=True) as rec:
        live(rec, log)
        rec.follow("secret one", "secret two")
        named = rec.known_as("secret one")
        assert rec.graph.following(named) == {rec.known_as("secret two"): 1.0}
        assert rec.audit(**QUIET).equal and rec.recommend("zoe", 5).scores != rec.recommend("who", 5).scores
    data = b"".join(file.read_bytes() for file in shop.rglob("*") if file.is_file())
    assert b"secret" not in data and b"zoe" not in data
    with pytest.raises(DataError, match="6 people by their own ids"):
        fresh(graph=company()).journal_to(shop.with_name("other.lw"), pseudonymize=True)


@pytest.mark.parametrize("journal", [False, True])
def test_a_call_that_fails_leaves_everything(journal: bool, shop: Path, log: Interactions) -> None:
    settings: dict[str, Any] = {"person_features": "neighbor_tastes", "graph": company()}
    rec = opened(shop, **settings) if journal else fresh(**settings)
    rec.learn_one(log[0])
    rec.learn_one(user=7, item="i1")
    before = rec.digest()
    for wrong, message in (
        (lambda: rec.follow("p1", "p1"), "cannot follow themselves"),
        (lambda: rec.follow("p1", "x", weight=0.0), "a finite number above 0, not 0.0"),
        (lambda: rec.follow("p1", "x", weight=float("inf")), "a finite number above 0"),
        (lambda: rec.follow("p1", None), "the user is missing"),  # type: ignore[arg-type]
        (lambda: rec.follow("x", "7"), "7 is known as an integer"),
        (lambda: rec.unfollow("p1", "p2"), "'p1' does not follow 'p2'"),
        (lambda: rec.unfollow("nobody", "p2"), "'nobody' does not follow 'p2'"),
    ):
        with pytest.raises(DataError, match=message):
            wrong()
    rec.follow(8, "p1")
    rec.unfollow(8, "p1")
    for clash in (lambda: rec.learn_one(user="8", item="i1"), lambda: rec.recommend("8")):
        with pytest.raises(DataError, match="8 is known as an integer"):
            clash()
    with pytest.raises(DataError, match="8 is known as an integer"):
        rec.fit(Interactions.from_events([Feedback("8", "i1", "like", 1.0)]), **QUIET)
    assert sorted(rec.graph) == sorted(company()) and (not journal or rec.audit(**QUIET).equal)
    if journal:
        tree = rec.get_tree()
        assert rec.journal is not None
        n = rec.journal.last_id
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lifelong_widgets.journal.schema.INSERT", "INSERT INTO nowhere VALUES (?)")
            with pytest.raises(LifelongWidgetsError):
                rec.follow("p1", "p2")
        assert rec.journal.last_id == n and ("p1", "p2") not in rec.graph
        rec.close()
        with pytest.raises(LifelongWidgetsError, match="closed"):
            rec.follow("p1", "p2")
        assert sorted(rec.graph) == sorted(company()) and tree["settings"] == rec.settings()
    else:
        rec.fit(log[:40], **QUIET)
    assert before != rec.digest()


def test_a_fit_during_which_somebody_follows_is_refused_and_the_edge_stays(log: Interactions) -> None:
    rec = fresh(person_features="neighbor_tastes", graph=company())
    rec.learn_one(log[0])
    state = rec.get_state()

    def follow(_event: object) -> None:
        if ("late", "p1") not in rec.graph:
            rec.follow("late", "p1")

    with pytest.raises(DataError, match=r"the graph were changed during fit\(\)"):
        rec.fit(log[:60], progress=follow)
    assert ("late", "p1") in rec.graph and rec.n_events == state["n_events"] == 1


def test_a_part_of_a_batch_is_not_learned_anew_under_other_edges(shop: Path, log: Interactions) -> None:
    rec = opened(shop, person_features="neighbor_tastes", graph=company())
    rec.learn_many(log[:16], batch_size=16, **QUIET)
    rec.follow("p1", "p2")
    rec.undo(3, **QUIET)
    assert rec.audit(**QUIET).equal
    rec.close()


@each
def test_saved_and_loaded(name: str, tmp_path: Path, log: Interactions) -> None:
    rec, path = fresh(person_features=name, graph=company()), tmp_path / "mine.lw"
    live(rec, log)
    rec.save(path)
    again = Recommender.load(path)
    assert again.digest() == rec.digest()
    for one in (rec, again):
        one.follow("p2", "zoe")
        one.learn_one(log[130])
    assert again.digest() == rec.digest()
    tree = read_tree(path, KIND, VERSION)
    graph = dict(tree["graph"])
    for key, wrong in (
        ("followed", graph["followed"] + len(graph["people"])),
        ("followed", graph["followers"]),
        ("weights", -graph["weights"]),
        ("weights", graph["weights"][1:]),
        ("met", np.zeros_like(graph["met"])),
        ("people", [*graph["people"][1:], graph["people"][1]]),
    ):
        write_tree(path, {**tree, "graph": {**graph, key: wrong}}, KIND, VERSION)
        with pytest.raises(FormatError):
            Recommender.load(path)


def test_a_journal_that_begins_with_a_model_that_has_a_graph(shop: Path, log: Interactions) -> None:
    rec = fresh(person_features="neighbor_tastes", graph=company())
    rec.journal_to(shop)
    rec.learn_one(log[0])
    rec.follow("p1", "p2")
    with pytest.raises(DataError, match="learned before the journal began"):
        rec.forget("zoe", **QUIET)
    assert rec.audit(**QUIET).equal
    rec.close()
    other = fresh(person_features="neighbor_tastes", graph=company())
    other.journal_to(shop)
    assert other.digest() == rec.digest() and ("p1", "p2") in other.graph
    other.close()


def test_killed_at_any_moment_no_edge_is_lost(shop: Path, log: Interactions) -> None:
    """What lies on the disk when a verb has returned is what a killed process leaves."""
    rec = opened(
        shop, person_features="neighbor_tastes", graph=company(), checkpoint_every=3, keep_checkpoints=99
    )
    half_written = shutil.ignore_patterns("*.aside")  # they come and go while others are copied
    left = []
    for number, event in enumerate(log[:4]):
        rec.follow(f"x{number}", str(event.user), 1.0 + number)
        left.append(
            (shutil.copytree(shop, shop.with_name(f"{number}a.lw"), ignore=half_written), rec.digest())
        )
        rec.learn_one(event)
        rec.unfollow(f"x{number}", str(event.user))
        left.append(
            (shutil.copytree(shop, shop.with_name(f"{number}b.lw"), ignore=half_written), rec.digest())
        )
    rec.close()
    for folder, digest in left:
        with Recommender.open(folder) as again:
            assert again.digest() == digest


def test_a_journal_is_of_version_3_from_its_first_edge_on(shop: Path, log: Interactions) -> None:
    def version() -> int:
        return int.from_bytes((shop / "journal.sqlite").read_bytes()[60:64])

    with opened(shop) as rec:
        rec.learn_one(log[0])
    assert version() == 1
    with Recommender.open(shop) as rec:
        rec.follow("p1", "p2")
        rec.learn_one(log[1])
        assert [event.user for event in rec.undo(2, **QUIET)] == [log[1].user, log[0].user]
    assert version() == 3
    with Journal.open(shop, read_only=True) as journal:
        (edge,) = [entry for entry in journal.entries() if entry.op is Op.FOLLOW]
        assert edge.edge == ("p1", "p2", 1.0) and edge.feedback is None
        journal.export(shop.with_name("log.jsonl"), **QUIET)
        assert shop.with_name("log.jsonl").read_text() == "", "an export has the events, and none counts"
