"""What an alarm is worth: delays, false alarms and area, by hand and between detectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.drift import DETECTORS, DUMMIES
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import OutcomeStream, bernoulli_stream, compare_detectors, score_alarms


def test_alarms_are_held_against_falls_by_hand() -> None:
    hits = np.repeat([1, 0, 1, 0], 50)  # falls at 51 and 151, a rise at 101
    stream = OutcomeStream(hits, falls=(51, 151), rises=(101,))
    found = score_alarms(stream, [20, 60, 70, 110])
    assert found.delays == (9, None) and found.missed == 1
    assert found.false_alarms == 3  # before the fall, after its alarm, after the rise
    assert found.false_alarms_per_1000 == 15
    assert found.area_lost == (10, 50)  # events 51 to 60, and all of the last phase


def test_an_alarm_at_the_very_event_has_no_delay() -> None:
    assert score_alarms(OutcomeStream([1] * 10 + [0] * 10, falls=(11,)), [11]).delays == (0,)


def test_after_the_horizon_an_alarm_is_a_false_one() -> None:
    stream = OutcomeStream([1] * 100 + [0] * 100, falls=(101,))
    found = score_alarms(stream, [150], horizon=49)
    assert found.delays == (None,) and found.false_alarms == 1
    assert score_alarms(stream, [149], horizon=49).delays == (48,)


def test_area_of_a_rate_that_only_halved() -> None:
    stream = OutcomeStream([1] * 100 + [0, 1] * 50, falls=(101,))
    assert score_alarms(stream, [140]).area_lost == (20,)


@given(st.sets(st.integers(1, 300)), st.sets(st.integers(2, 300)), st.integers(1, 300) | st.none())
def test_every_alarm_answers_one_fall_or_is_false(
    alarms: set[int], falls: set[int], horizon: int | None
) -> None:
    stream = OutcomeStream(np.arange(300) % 2, falls=tuple(falls))
    found = score_alarms(stream, alarms, horizon)
    told = [delay for delay in found.delays if delay is not None]
    assert len(found.delays) == len(falls) == len(found.area_lost)
    assert len(told) + found.false_alarms == len(alarms)
    assert all(0 <= delay < (horizon or 300) for delay in told)


def test_a_stream_knows_where_its_rate_changes() -> None:
    stream = bernoulli_stream(3, (1_000, 0.5), (500, 0.5), (500, 0.1), (500, 0.4))
    assert (len(stream), stream.falls, stream.rises) == (2_500, (1_501,), (2_001,))
    assert stream.hits[:1_500].mean() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(stream.hits, bernoulli_stream(3, (1_500, 0.5), (500, 0.1), (500, 0.4)).hits)


def test_detectors_stand_between_the_two_dummies() -> None:
    table = compare_detectors([bernoulli_stream(seed, (900, 0.6), (500, 0.1)) for seed in range(2)])
    assert list(table.index) == list(DETECTORS) and (table["falls"] == 2).all()
    never, always = table.loc["never"], table.loc["always"]
    assert (never["missed"], never["false_alarms"]) == (2, 0) and np.isnan(never["delay"])
    assert always["missed"] == 0 and always["false_alarms"] > 1
    real = table.drop(list(DUMMIES))
    assert (real["missed"] == 0).all() and (real["false_alarms"] < always["false_alarms"]).all()
    assert (real["area_lost"] < never["area_lost"]).all()


def test_a_steady_stream_has_false_alarms_only() -> None:
    table = compare_detectors(bernoulli_stream(0, (1_000, 0.3)), ["adwin", "never", "always"])
    assert table["false_alarms"].tolist() == [0, 0, 3]
    assert table["delay"].isna().all() and table["area_lost"].isna().all()


def test_settings_reach_every_monitor() -> None:
    stream = bernoulli_stream(0, (1_000, 0.3))
    assert compare_detectors(stream, ["always"], min_events=100).loc["always", "false_alarms"] == 10
    with pytest.raises(DataError, match="did you mean 'min_events'"):
        compare_detectors(stream, ["always"], min_event=100)


def test_what_cannot_be_measured_is_refused() -> None:
    stream = bernoulli_stream(0, (100, 0.3))
    for alarms in ([0], [101], [0.5], ["x"]):
        with pytest.raises(DataError, match="event numbers from 1 to 100"):
            score_alarms(stream, alarms)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="horizon"):
        score_alarms(stream, [], horizon=0)
    with pytest.raises(DataError, match="0 and 1"):
        OutcomeStream(np.array([0, 2]))
    with pytest.raises(DataError, match="fall and rise"):
        OutcomeStream(np.array([0, 1]), falls=(2,), rises=(2,))
    for phases in ((), ((0, 0.5),), ((10, 1.5),)):
        with pytest.raises(DataError, match="phase"):
            bernoulli_stream(0, *phases)
    with pytest.raises(DataError, match="no detector"):
        compare_detectors(stream, ["adwim"])
    with pytest.raises(DataError, match="OutcomeStream"):
        compare_detectors([])
