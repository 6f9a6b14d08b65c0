"""Which items nobody has taken yet, and since when they are there."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.memory import ALWAYS, Ledger, Moment, Newcomers
from lifelong_widgets.memory import newcomers as module
from lifelong_widgets.memory.popularity import LONGEST
from lifelong_widgets.memory.scores import DenseScores
from lifelong_widgets.recommender import Recommender

TIMES = st.sampled_from([ALWAYS, 0.0, 5.0, 9.0, 60.0])
MOMENTS = [Moment(time, told) for time in (0.0, 5.0, 59.0, 60.0) for told in (False, True)]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), st.lists(TIMES, min_size=1, max_size=9)),
        st.tuples(st.just("take"), st.integers(0, 40)),
        st.tuples(st.just("revert"), st.integers(1, 3)),
    ),
    max_size=25,
)


@dataclass
class Walked:
    """The same by going over all items."""

    released: list[float]
    n_listed: int
    taken: list[int] = field(default_factory=list)

    def hidden(self, moment: Moment) -> list[int]:
        def limit(item: int) -> float:
            if moment.told:
                return moment.time
            return moment.time if item < self.n_listed and moment.time > 0 else np.inf

        new = [item for item in range(len(self.released)) if item not in self.taken]
        return [item for item in new if self.released[item] > limit(item)]

    def there(self, moment: Moment) -> list[int]:
        gone = {*self.hidden(moment), *self.taken}
        there = [item for item in range(len(self.released)) if item not in gone]
        return sorted(there, key=lambda item: (-self.released[item], -item))


def assert_alike(made: Newcomers, walked: Walked) -> None:
    n = len(walked.released)
    values = np.arange(n, dtype=np.float32) * 7 % 11
    for moment in MOMENTS:
        there, hidden = walked.there(moment), walked.hidden(moment)
        assert made.there(moment).tolist() == there
        scores = np.zeros(n, dtype=np.float32)
        made.hide(scores, moment)
        assert np.flatnonzero(scores).tolist() == hidden
        best, new = made.best_of_all(values, 4, np.array([2, 3]), moment)
        by_value = sorted(range(n), key=lambda item: (-values[item], item))
        allowed = [item for item in by_value if item not in (2, 3) and item not in hidden]
        assert sorted(best.tolist()) == sorted(allowed[:4])
        assert sorted(new.tolist()) == sorted([item for item in allowed if item not in walked.taken][:10])


@settings(max_examples=150, deadline=None)
@given(st.lists(TIMES, max_size=30), STEPS)
def test_they_are_what_a_walk_over_all_items_finds_also_after_taking_back(
    first: list[float], steps: list[tuple[str, object]]
) -> None:
    made, walked = Newcomers(np.array(first)), Walked(list(first), len(first))
    ledgers: list[tuple[Ledger, list[int]]] = []
    for step, of in steps:
        if step == "grow":
            made.grow(np.array(of))
            walked.released += of  # type: ignore[operator]
        elif step == "take":
            item = of % len(walked.released) if walked.released else 0  # type: ignore[operator]
            ledgers.append((Ledger(), list(walked.taken)))
            made.take(item, ledgers[-1][0])
            if walked.released and item not in walked.taken:
                walked.taken.append(item)
        else:  # what came into the catalogue meanwhile stays
            for _ in range(of):  # type: ignore[call-overload]
                if ledgers:
                    ledger, walked.taken = ledgers.pop()
                    ledger.revert()
    assert_alike(made, walked)
    fresh = Newcomers(np.array(walked.released), n_listed=len(first))
    fresh.take_all(np.array(sorted(walked.taken), dtype=np.int64))
    assert_alike(fresh, walked)


def test_many_are_found_as_a_walk_finds_them() -> None:
    rng = np.random.default_rng(0)
    released = rng.integers(50, size=20_000).astype(np.float64)
    made, walked = Newcomers(released[:9_000]), Walked(released.tolist(), 9_000)
    for item in range(9_000, 12_000):  # one by one, in any order of release
        made.grow(released[item : item + 1])
    made.grow(released[12_000:])
    taken = rng.permutation(20_000)[:19_700]
    ledger = Ledger()
    for item in taken.tolist():
        made.take(item, ledger)
    walked.taken = taken.tolist()
    left = set(range(20_000)) - set(walked.taken)
    for moment in (Moment(25.0), Moment(25.0, told=False)):
        there = [
            item for item in left if released[item] <= 25.0 or (not moment.told and item >= walked.n_listed)
        ]
        assert made.there(moment).tolist() == sorted(there, key=lambda item: (-released[item], -item))
    ledger.revert()
    assert np.array_equal(made.there(Moment(60.0)), Newcomers(released, 9_000).there(Moment(60.0)))


def test_what_is_added_makes_few_runs() -> None:
    made = Newcomers(np.zeros(10_000))
    for n in range(5_000):
        made.grow(np.array([float(n)]))
    assert len(made._bounds) == 3, "what comes in the order of release is one run"
    for n in range(5_000):
        made.grow(np.array([float(-n)]))
    assert len(made._bounds) < 20


def test_the_newest_and_the_likeliest_are_named_and_nothing_that_was_consumed() -> None:
    newcomers, moment = Newcomers(np.arange(200.0)), Moment(150.0)
    newcomers.take(40)
    likely = np.zeros(200, dtype=np.float32)
    likely[[3, 40, 70, 180]] = [2.0, 9.0, 3.0, 8.0]
    named = newcomers.named(DenseScores(likely), np.array([70]), moment).tolist()
    assert {3, 146, 147, 148, 149, 150} <= set(named)
    assert not {40, 70, 180} & set(named), "taken, consumed, not yet released"
    assert len(named) <= 15, "few, however many there are"


def test_only_the_latest_are_compared_by_content() -> None:
    asked: list[int] = []

    class Asked(DenseScores):
        def of(self, items: np.ndarray) -> np.ndarray:
            asked.append(len(items))
            return super().of(items)

    Newcomers(np.full(5_000, ALWAYS)).named(Asked(np.ones(5_000, np.float32)), np.zeros(0, int), Moment(1.0))
    assert asked == [module._LATEST]


def test_the_age_of_what_nobody_has_taken_is_told_and_no_other() -> None:
    newcomers = Newcomers(np.array([0.0, ALWAYS, 0.0]))
    newcomers.take(2)
    told = np.full(3, LONGEST, dtype=np.float32)
    newcomers.tell_age(told, np.arange(3), Moment(2 * 86_400.0))
    assert told.round(1).tolist() == [1.0, LONGEST, LONGEST]


def test_what_nobody_knows_anything_of_does_not_push_itself_to_the_top() -> None:
    """In a small shop everything has been taken before the gate looks: it has never met a new item."""
    rng = np.random.default_rng(0)
    taste, words = rng.integers(5, size=40), ["red", "blue", "warm", "wool", "cotton", "lamp", "desk", "soft"]
    catalog = Catalog.from_records(
        [{"item": n, "title": f"thing {n}", "text": " ".join(rng.permutation(words)[:5])} for n in range(60)]
    )
    events = []
    for number, time in enumerate(np.sort(rng.integers(90 * 86_400, size=1_000)).tolist()):
        person, item = int(rng.integers(40)), number if number < 60 else int(rng.integers(60))
        if rng.random() < 0.7 and number >= 60:
            item = item // 5 * 5 + int(taste[person])
        events.append(Feedback(f"p{person}", item, str(rng.choice(["view", "click", "purchase"])), time=time))
    rec = Recommender(catalog, seed=0)
    rec.fit(Interactions.from_events(events), progress=False)
    catalog.add([{"item": n, "title": "Mystery"} for n in (60, 61, 62)])
    firsts = [rec.recommend(who, k=3).items for who in ("nobody", *(f"p{n}" for n in range(20)))]
    n_new = sum(item >= 60 for items in firsts for item in items)
    assert n_new <= 6  # of 63 places; three of 63 items are new
