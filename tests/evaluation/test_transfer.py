"""The measures of continual learning: by hand, and by what must hold of any matrix."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import transfer

R = np.array([[0.8, 0.2, 0.1], [0.5, 0.7, 0.3], [0.6, 0.4, 0.9]])

square = st.integers(1, 6).flatmap(lambda n: arrays.arrays(np.float64, (n, n), elements=st.floats(0, 1)))
one_number = [
    transfer.average_accuracy,
    transfer.lifetime_accuracy,
    transfer.backward_transfer,
    transfer.forgetting,
    transfer.plasticity,
    transfer.stability,
]


def test_by_hand() -> None:
    assert transfer.average_accuracy(R) == pytest.approx((0.6 + 0.4 + 0.9) / 3)
    assert transfer.lifetime_accuracy(R) == pytest.approx((0.8 + 0.5 + 0.7 + 0.6 + 0.4 + 0.9) / 6)
    assert transfer.backward_transfer(R) == pytest.approx(((0.6 - 0.8) + (0.4 - 0.7)) / 2)
    assert transfer.forward_transfer(R, [0.0, 0.1, 0.1]) == pytest.approx(((0.2 - 0.1) + (0.3 - 0.1)) / 2)
    assert transfer.forgetting_by_slice(R) == pytest.approx([0.8 - 0.6, 0.7 - 0.4])
    assert transfer.forgetting(R) == pytest.approx(0.25)
    assert transfer.plasticity(R) == pytest.approx(0.8)
    assert transfer.intransigence(R, [0.9, 0.9, 0.9]) == pytest.approx(0.1)
    assert transfer.stability(R) == pytest.approx(1 - ((0.8 - 0.5) + (0.8 - 0.6) + (0.7 - 0.4)) / 3)


def test_what_was_best_before_it_was_learned_counts_as_forgotten_too() -> None:
    # the maximum of Chaudhry 2018 runs over all rows but the last, those before the slice came included
    lost = transfer.forgetting_by_slice([[0.5, 0.9, 0.0], [0.5, 0.6, 0.0], [0.5, 0.6, 0.5]])
    assert lost == pytest.approx([0.0, 0.3])


def test_one_slice_has_an_accuracy_and_nothing_to_forget() -> None:
    assert transfer.average_accuracy([[0.5]]) == transfer.plasticity([[0.5]]) == 0.5
    assert transfer.forgetting_by_slice([[0.5]]).shape == (0,)
    for measure in (transfer.backward_transfer, transfer.forgetting, transfer.stability):
        assert math.isnan(measure([[0.5]]))
    assert math.isnan(transfer.forward_transfer([[0.5]], [0.1]))


@given(square)
def test_all_lie_within_their_bounds(matrix: np.ndarray) -> None:
    for measure in one_number:
        value = measure(matrix)
        assert math.isnan(value) == (len(matrix) == 1 and measure not in one_number[:2] + one_number[4:5])
        assert math.isnan(value) or -1 - 1e-9 <= value <= 1 + 1e-9
    if len(matrix) > 1:
        assert 0 <= transfer.stability(matrix) <= 1


@given(square)
def test_forgetting_is_at_least_what_backward_transfer_lost(matrix: np.ndarray) -> None:
    # the best row is at least as good as the row in which the slice was learned
    if len(matrix) > 1:
        assert transfer.forgetting(matrix) >= -transfer.backward_transfer(matrix) - 1e-12


@given(st.integers(2, 6), st.floats(0, 1))
def test_who_never_changes_forgets_nothing_and_gains_nothing(n: int, rate: float) -> None:
    still = np.full((n, n), rate)
    assert transfer.forgetting(still) == transfer.backward_transfer(still) == pytest.approx(0)
    assert transfer.forward_transfer(still, still[0]) == pytest.approx(0)
    assert transfer.stability(still) == pytest.approx(1)


@given(square, st.floats(-0.5, 0.5))
def test_differences_do_not_see_a_shift_and_means_move_with_it(matrix: np.ndarray, shift: float) -> None:
    for measure in (transfer.backward_transfer, transfer.forgetting, transfer.stability):
        assert measure(matrix + shift) == pytest.approx(measure(matrix), nan_ok=True)
    for measure in (transfer.average_accuracy, transfer.plasticity, transfer.lifetime_accuracy):
        assert measure(matrix + shift) == pytest.approx(measure(matrix) + shift)


@given(square)
def test_its_own_diagonal_is_a_reference_without_intransigence(matrix: np.ndarray) -> None:
    assert transfer.intransigence(matrix, matrix.diagonal()) == 0


@pytest.mark.parametrize("measure", one_number)
@pytest.mark.parametrize("wrong", [[], [0.5], [[0.5, 0.5]], [[[0.5]]]])
def test_what_is_no_square_is_refused(measure: Callable[[object], float], wrong: object) -> None:
    with pytest.raises(DataError, match="square matrix"):
        measure(wrong)


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="baseline has one accuracy for each of 3 slices"):
        transfer.forward_transfer(R, [0.1, 0.1])
    with pytest.raises(DataError, match="reference has one accuracy for each of 3 slices"):
        transfer.intransigence(R, 0.5)
