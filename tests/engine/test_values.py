"""With a discount: the same click model bit for bit; values are saved, undone, replayed and forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.errors import DataError, FormatError, UnknownItemError
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.progress import ProgressEvent, Stop, held_interrupts
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.state_file import digest_of
from tests.engine.lives import QUIET, fresh, live, opened
from tests.engine.worlds import assert_same_state

# the events of the log are a second apart: somebody who is silent for 40 of them has left
VALUED: dict[str, Any] = {"discount": 0.9, "session_gap": 40.0, "target_update": 7}


def digest_without_values(rec: Recommender) -> str:
    return digest_of({name: part for name, part in rec.get_state().items() if name != "value"})


def test_the_click_model_does_not_know_of_the_values(log: Interactions) -> None:
    """What is learned beside it changes no bit of it; without a discount there is nothing beside it."""
    plain, valued = fresh(), fresh(**VALUED)
    for rec in (plain, valued):
        live(rec, log, undone=3)
    assert "value" not in plain.get_state() and plain.value.n_pending == plain.value.n_steps == 0
    assert not hasattr(plain.value, "network") and plain.mark().value is None
    assert valued.value.n_steps > 30 and valued.value.n_pending > 0
    assert digest_without_values(valued) == digest_without_values(plain)


def test_a_saved_file_goes_on_bit_for_bit(tmp_path: Path, log: Interactions) -> None:
    rec = fresh(**VALUED)
    live(rec, log)
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    assert_same_state(again, rec)
    for event in log[230:260]:
        ours, theirs = rec.learn_one(event), again.learn_one(event)
        assert ours.td_error == theirs.td_error or np.isnan([ours.td_error, theirs.td_error]).all()
    assert again.digest() == rec.digest()
    assert again.recommend("p1").scores == rec.recommend("p1").scores


def test_a_list_that_was_looked_at_changes_nothing(log: Interactions) -> None:
    blind, looking = fresh(**VALUED), fresh(**VALUED)
    for first in range(0, 120, 8):
        for rec in (blind, looking):
            for event in log[first : first + 4]:
                if rec is looking:
                    rec.recommend(event.user)
                    rec.values(event.user, ["i1", "i2"])
                rec.learn_one(event)
            if rec is looking:
                rec.recommend(str(log[first + 5].user), reasons=False)
            rec.learn_many(log[first + 4 : first + 8], batch_size=4, **QUIET)
    assert looking.digest() == blind.digest()


def test_undone_step_by_step(log: Interactions) -> None:
    rec, digests = fresh(**VALUED), []
    for number, event in enumerate(log[:60]):
        digests.append(rec.digest())
        # now and then some time passes, so that several people are found to have left at once
        rec.learn_one(Feedback(event.user, event.item, "like", float(number + 60 * (number // 20))))
    n = len(digests)
    for back in (1, 3, 2):
        n -= back
        rec.undo(back)
        assert rec.digest() == digests[n]
    for event in log[60:64]:  # and goes on as if it had never been
        rec.learn_one(event)
    plain = fresh(**VALUED)
    for number, event in enumerate(log[:n]):
        plain.learn_one(Feedback(event.user, event.item, "like", float(number + 60 * (number // 20))))
    for event in log[60:64]:
        plain.learn_one(event)
    assert rec.digest() == plain.digest()


def test_a_journal_gives_them_back(shop: Path, log: Interactions) -> None:
    plain, rec = fresh(**VALUED), opened(shop, **VALUED)
    live(plain, log, undone=3)
    live(rec, log, undone=3)
    assert rec.digest() == plain.digest() and rec.audit(**QUIET).equal
    rec.close()
    with Recommender.open(shop) as again:
        assert again.digest() == plain.digest() and again.value.n_pending == plain.value.n_pending
        event = log[231]
        again.learn_one(event)
        plain.learn_one(event)
        assert again.digest() == plain.digest()


def test_forgotten_as_if_they_had_never_been(shop: Path, log: Interactions) -> None:
    rec, never = opened(shop, **VALUED), fresh(**VALUED)
    live(rec, log)
    live(never, log, without="p4")
    certificate = rec.forget("p4", **QUIET)
    assert certificate.proven
    assert_same_state(rec, never)
    rec.close()


def test_a_step_that_fails_leaves_everything(log: Interactions, monkeypatch: pytest.MonkeyPatch) -> None:
    rec = fresh(**VALUED)
    live(rec, log)
    before = rec.digest()

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the last part of a step")

    monkeypatch.setattr(rec.ranker, "take_in", fail)
    for event in log[230:240]:
        with pytest.raises(RuntimeError):
            rec.learn_one(event)
    monkeypatch.undo()
    assert rec.digest() == before


def test_observing_teaches_no_value(log: Interactions) -> None:
    rec = fresh(**VALUED)
    live(rec, log)
    steps, waiting = rec.value.n_steps, rec.value.get_state()["pending"]
    for event in log[230:250]:
        assert np.isnan(rec.observe(event).td_error)
    assert rec.value.n_steps == steps
    np.testing.assert_array_equal(rec.value.get_state()["pending"]["people"], waiting["people"])
    twin = rec.frozen_twin()
    assert twin.values("p1", 5).to_pandas().equals(rec.values("p1", 5).to_pandas())


def test_the_table_says_what_ranks(log: Interactions) -> None:
    for settings in ({}, NETWORK_ALONE):
        rec = fresh(**VALUED, **settings)
        live(rec, log)
        listed, table = rec.recommend("p3", 8), rec.values("p3", 8)
        assert tuple(row.item for row in table) == listed.items
        assert table.substitution == 0.7 and table.discount == 0.9 and table.td_error > 0
        for row in table:
            assert 0 < row.chance < 1
            gained = row.value - 0.7 * table.state_value
            assert row.product == pytest.approx(row.chance * gained, rel=1e-4)
        # the scores of the list are the logarithms of that, but for a number that is the same for all
        logs = np.log([row.product for row in table])
        np.testing.assert_allclose(np.array(listed.scores) - listed.scores[0], logs - logs[0], atol=1e-3)
        these = rec.values("p3", listed.items[:3][::-1])
        assert [row.item for row in these] == list(listed.items[:3])
        assert "V =" in repr(table) and "<table>" in table._repr_html_()
        assert list(table.to_pandas().columns) == ["item", "title", "chance", "value", "product", "td_error"]
        assert sum(row.chance for row in rec.values("p3", list(rec.catalog.ids))) == pytest.approx(1, abs=0.3)


def test_explained_to_the_last_digit(log: Interactions) -> None:
    """The parts add up to the score, values and all."""
    rec = fresh(**VALUED)
    live(rec, log)
    why = rec.explain("p3", "i5")
    assert why.parts["value"] and sum(why.parts.values()) == pytest.approx(why.score, abs=1e-5)


def test_a_compressed_copy_ranks_by_the_same_values(log: Interactions) -> None:
    rec, plain = fresh(**VALUED), fresh()
    for each in (rec, plain):
        live(each, log)
    small, bare = rec.compress(), plain.compress()
    whole = rec.compress("float32").n_bytes - plain.compress("float32").n_bytes
    assert 0 < small.n_bytes - bare.n_bytes < whole
    people = [f"p{number}" for number in range(8)]
    listed = [rec.recommend(person, 20, exclude_seen=False).items[:5] for person in people]
    for event in log[230:260]:
        rec.learn_one(event)  # it is a copy
    same = [
        len(set(small.recommend(person, 5, exclude_seen=False).items) & set(items))
        for person, items in zip(people, listed, strict=True)
    ]
    assert np.mean(same) > 4.5


def test_what_is_worth_more_is_said_where_it_matters(log: Interactions) -> None:
    """An item that owes its place to its value has a reason that says so, and no other item has."""
    rec = fresh(**VALUED)
    live(rec, log)

    def reasons_if_five_is_worth(value: float) -> dict[Any, str]:
        def worth(*_read: np.ndarray | None) -> np.ndarray:
            values = np.ones(len(rec.network.items), dtype=np.float32)
            values[rec.catalog.index_of("i5")] = value
            return values

        rec.ranker._values = worth
        rec.ranker.changed()
        listed = rec.recommend("p1", 24, exclude_seen=False)
        assert len(listed) == 24 and all(row.reason for row in listed)
        return {row.item: row.reason for row in listed if row.reason == "worth more in the long run"}

    assert set(reasons_if_five_is_worth(50.0)) == {"i5"}
    for little in (1.0, 1.001, 0.2):  # as much as any, hardly more, and less
        assert not reasons_if_five_is_worth(little)


def test_a_wrong_clock_holds_nobody_up(log: Interactions) -> None:
    """One event from the year 2100 among others: nobody leaves at it, and it leaves when its time comes."""
    sane, odd = fresh(**VALUED), fresh(**VALUED)
    for rec, second in ((sane, 60.0), (odd, 4e9)):
        rec.learn_one(Feedback("first", "i1", "like", 60.0))
        rec.learn_one(Feedback("clock", "i1", "like", second))
        assert rec.value.n_pending == 2
        for number in range(20):
            rec.learn_one(Feedback(f"guest {number}", "i2", "like", 60.0 * (number + 2)))
    assert sane.value.n_pending == odd.value.n_pending == 1, "the last guest may come back"
    assert odd.digest() == sane.digest()
    before = odd.digest()
    odd.learn_one(Feedback("late", "i3", "like", 60.0 * 22))  # taken back, the queue is what it was
    odd.undo()
    assert odd.digest() == before


def test_a_wrong_clock_at_the_beginning_costs_one_event(log: Interactions) -> None:
    odd = fresh(**VALUED)
    odd.learn_one(Feedback("clock", "i1", "like", 4e9))
    for number in range(20):
        odd.learn_one(Feedback(f"guest {number}", "i2", "like", 60.0 * (number + 1)))
    assert odd.histories.clock == 60.0 * 20
    assert odd.value.n_pending == 3, "it, the one after it, and the last guest, as far as anybody knows"
    for user in ("clock", "guest 0"):
        odd.learn_one(Feedback(user, "i4", "like", 60.0 * 21))
    assert odd.value.n_pending == 2 and not odd.value.awaits(odd.users.get("guest 19"))


def test_a_fit_learns_values_from_the_log(log: Interactions) -> None:
    rec = fresh(**VALUED)
    rec.fit(log[:150], **QUIET)
    assert rec.value.n_steps >= 4 and 0 < rec.value.td_error < 10
    assert all(np.isfinite(row.value) for row in rec.values("p1", 10))


def test_a_fit_that_was_interrupted_has_values_too(log: Interactions) -> None:
    """Of the epochs that it had, bit for bit; what comes after them is a part of every fit."""
    stopped, short = fresh(**VALUED, epochs=9, patience=9), fresh(**VALUED, epochs=9, patience=9)

    def stop(event: ProgressEvent) -> None:
        if event.description == "fit" and event.done > event.total // 3:
            raise Stop

    report = stopped.fit(log[:150], progress=stop)
    assert report.interrupted and 0 < report.epochs < 9
    with held_interrupts() as never:
        short.apply_fit(log[:150], never, max_epochs=report.epochs)
    assert stopped.value.n_steps == short.value.n_steps > 0
    assert digest_of(stopped.value.get_state()) == digest_of(short.value.get_state())


def test_refused(log: Interactions) -> None:
    rec = fresh(**VALUED)
    with pytest.raises(DataError, match="shapes the values"):
        rec.value.discount = 0.5
    with pytest.raises(DataError, match="shapes the values"):
        fresh().value.discount = 0.5
    for name, wrong in {"discount": 1.0, "session_gap": 0.0, "target_update": 0, "substitution": 1.0}.items():
        with pytest.raises(traitlets.TraitError):
            fresh(**{**VALUED, name: wrong})
    with pytest.raises(DataError, match="without a discount"):
        fresh().values("p1")
    for items in (0, True, "i1"):
        with pytest.raises(DataError):
            rec.values("p1", items)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="twice"):
        rec.values("p1", ["i1", "i1"])
    with pytest.raises(UnknownItemError):
        rec.values("p1", ["nothing"])
    before = rec.values("p1", 3)  # nothing was learned yet: the order of the click model, and no value
    assert len(before) == 3 and all(np.isnan(row.value) for row in before)
    assert tuple(row.item for row in before) == rec.recommend("p1", 3).items


def test_damaged_states_are_refused(log: Interactions) -> None:
    rec = fresh(**VALUED)
    live(rec, log)
    n_items, n_people = len(rec.network.items), len(rec.users)
    for path, wrong in {
        ("numbers",): np.zeros(3),
        ("n_steps",): -1,
        ("pending", "people"): np.full(rec.value.n_pending, 10**6),
        ("pending", "times"): np.full(rec.value.n_pending, np.inf),
        ("buffer", "score_items"): rec.value.get_state()["buffer"]["score_items"] + 10**6,
    }.items():
        state = rec.value.get_state()
        owner = state
        for name in path[:-1]:
            owner = owner[name]
        owner[path[-1]] = wrong
        with pytest.raises(FormatError):
            rec.value.set_state(state, n_items, n_people)
