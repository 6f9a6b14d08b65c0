"""The clock of a log, which a single wrong event cannot set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import FormatError
from lifelong_widgets.models import Histories
from lifelong_widgets.models.clock import BELIEVED, Clock

DAY = 86_400.0
NEAR = st.lists(st.floats(1e9, 1e9 + BELIEVED), min_size=1, max_size=20)


START = Clock()


def after(times: list[float | None], clock: Clock = START) -> Clock:
    for time in times:
        clock = clock.read(time)[1]
    return clock


@given(NEAR, st.floats(-4e9, 2e11), st.integers(0, 20))
def test_one_wrong_time_among_many_leaves_no_trace(times: list[float], wrong: float, place: int) -> None:
    times = [1e9, *times]
    place = 1 + place % len(times)
    with_it = after([*times[:place], wrong, *times[place:], times[-1]])
    assert with_it.now <= max(times) + BELIEVED, "not beyond what an event may say"
    if abs(wrong - 1e9) > 2 * BELIEVED:
        assert with_it == after(times)


def test_two_in_a_row_set_it_and_two_more_set_it_right() -> None:
    right = after([1e9, 1e9 + DAY])
    wrong = after([4e9, 4e9 + 5.0], right)
    assert wrong.now == 4e9 + 5.0
    assert after([1e9 + 2 * DAY, 1e9 + 2 * DAY + 7.0], wrong).now == 1e9 + 2 * DAY + 7.0
    assert after([4e9, None, None, 4e9], right).now == 4e9, "what says no time confirms and denies nothing"


def test_time_goes_on_after_a_long_silence_and_where_events_are_rare() -> None:
    year = 365 * DAY
    years = [n * year for n in range(1, 6)]
    assert after(years).now == years[-2], "one behind"
    assert after([*years, years[-1] + 60.0]).now == years[-1] + 60.0
    late = after([year, year - DAY])
    assert late.now == year and late.claim is None, "what comes a little late does not set it back"


def test_what_is_not_believed_happens_when_the_clock_says() -> None:
    histories = Histories(length=3)
    for time in (1e9, 4e9, None):
        histories.append(0, 7, 1.0, 0, False, time)
    assert histories.times_of(0).tolist() == [1e9, 1e9, 1e9]
    assert histories.moments([4e9, 1e9]) == [4e9, None], "the second that says so is believed"
    again = Histories(length=3)
    again.set_state(histories.get_state())
    assert again.moments([4e9]) == [4e9], "and a file knows of the first"
    mark = histories.mark()
    histories.append(1, 7, 1.0, 0, False, 4e9, mark)
    assert histories.clock == 4e9
    histories.revert(mark)
    assert histories.clock == 1e9 and histories.moments([4e9]) == [4e9]


@pytest.mark.parametrize("claim", ["soon", float("nan"), 7])
def test_a_claim_that_is_no_time_is_refused(claim: object) -> None:
    state = {**Histories(length=3).get_state(), "claim": claim}
    with pytest.raises(FormatError, match="no time"):
        Histories(length=3).set_state(state)
