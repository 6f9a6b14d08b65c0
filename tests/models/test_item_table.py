from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import FormatError
from lifelong_widgets.learning.optimizers import OPTIMIZERS
from lifelong_widgets.models import ItemTable


def content(n: int) -> np.ndarray:
    return np.arange(n * 3, dtype=np.float32).reshape(n, 3)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 9))
def test_rows_do_not_depend_on_how_the_table_grew(steps: list[int], dim: int) -> None:
    total = sum(steps)
    at_once, bit_by_bit = ItemTable(dim, 3, seed=5), ItemTable(dim, 3, seed=5)
    at_once.grow(content(total))
    for start, n in zip(np.cumsum([0, *steps]), steps, strict=False):
        bit_by_bit.grow(content(total)[start : start + n])
    assert torch.equal(at_once.rows, bit_by_bit.rows)


def test_first_values_differ_between_rows_and_seeds_and_have_the_stated_scale() -> None:
    table, other = ItemTable(64, 0, seed=0), ItemTable(64, 0, seed=1)
    for t in (table, other):
        t.grow(np.zeros((500, 0), dtype=np.float32))
    assert len(torch.unique(table.rows[:, 0])) == 500
    assert not torch.equal(table.rows, other.rows)
    assert abs(float(table.rows.std()) - ItemTable.initial_scale) < 0.002
    assert abs(float(table.rows.mean())) < 0.002


def test_growing_keeps_what_was_learned_and_its_optimizer_state() -> None:
    table = ItemTable(4, 3, seed=0)
    table.grow(content(2))
    table.step(np.array([1]), np.ones((1, 4), dtype=np.float32), 0.1)
    before = table.get_state()
    table.grow(content(100))
    after = table.get_state()
    assert len(table) == 102
    for name, tensor in before.items():
        assert torch.equal(after[name][:2], tensor)
    assert table.n_updates.tolist() == [0.0, 1.0] + [0.0] * 100


def test_a_step_is_adams_and_touches_only_its_rows() -> None:
    table = ItemTable(4, 3, seed=0)
    table.grow(content(3))
    reference = torch.nn.Parameter(table.embeddings[[2]].clone())
    adam = torch.optim.Adam([reference], lr=0.01)
    before = table.rows.clone()
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        gradient = torch.randn(1, 4, generator=generator)
        reference.grad = gradient.clone()
        adam.step()
        table.step(np.array([2]), gradient.numpy(), 0.01)
    torch.testing.assert_close(table.embeddings[[2]], reference.detach(), atol=1e-6, rtol=1e-5)
    assert torch.equal(table.rows[:2], before[:2])
    assert torch.equal(table.rows[:, 4:], before[:, 4:]), "content never moves"


def test_state_of_another_shape_is_refused_and_nothing_changes() -> None:
    table = ItemTable(4, 3, seed=0)
    table.grow(content(3))
    before = table.rows.clone()
    wrong = ItemTable(5, 3, seed=0)
    wrong.grow(content(3))
    with pytest.raises(FormatError, match=r"rows has shape \(3, 8\), expected \(n, 7\)"):
        table.set_state(wrong.get_state())
    assert torch.equal(table.rows, before)


def test_more_steps_than_can_be_counted_are_refused() -> None:
    """Bug: a loop looked up what such a count is corrected by, far beyond the end of the table."""
    table = ItemTable(4, 3, seed=0)
    table.grow(content(3))
    state = table.get_state()
    state["adam"][1, -1] = 1e30
    with pytest.raises(FormatError, match="larger than float32"):
        table.set_state(state)


def test_what_has_no_row_is_refused_and_moves_nothing() -> None:
    """The loops are compiled and look at no bounds: whoever calls them does."""
    table = ItemTable(embedding_dim=4, content_dim=0, seed=0)
    table.grow(np.zeros((9, 0), dtype=np.float32))  # there is room for 16
    before = table.get_state()
    for item in (9, 12, 10**9, -1):
        with pytest.raises(IndexError, match="not among the 9"):
            table.averages(np.array([[0, item]]), np.ones((1, 2, 2), dtype=np.float32))
        with pytest.raises(IndexError, match="not among the 9"):
            table.step(np.array([0, item]), np.ones((2, 4), dtype=np.float32), 0.1)
    assert np.isfinite(
        table.averages(np.array([[0, 10**9]]), np.array([[[1.0, 0.0]]], dtype=np.float32))
    ).all()
    with pytest.raises(IndexError, match="shape"):
        table.averages(np.zeros((1, 3), dtype=np.int64), np.ones((1, 2, 2), dtype=np.float32))
    with pytest.raises(IndexError, match="shape"):
        table.step(np.array([0]), np.ones((2, 4), dtype=np.float32), 0.1)
    after = table.get_state()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
@given(st.lists(st.integers(0, 99), unique=True, max_size=70), st.integers(0, 2**32))
def test_a_step_is_taken_back_bit_for_bit(optimizer: str, indices: list[int], seed: int) -> None:
    """Rows are copied some at a time by the loop that moves them, whatever is left for the last time."""
    table, rows, rng = ItemTable(4, 3, seed=0), np.array(indices, dtype=np.int64), np.random.default_rng(seed)
    table.grow(content(100))
    table.optimize_with(OPTIMIZERS[optimizer].rows)
    plain = ItemTable(4, 3, seed=0)
    plain.grow(content(100))
    plain.optimize_with(OPTIMIZERS[optimizer].rows)
    marks = []
    states = [table.get_state()]
    for _ in range(3):
        gradients = rng.normal(size=(len(rows), 4)).astype(np.float32)
        rates = rng.uniform(0.01, 0.1, len(rows))
        marks.append(table.room_for(rows))
        table.step(rows, gradients, rates, marks[-1])
        plain.step(rows, gradients, rates)
        states.append(table.get_state())
    assert all(torch.equal(states[-1][name], value) for name, value in plain.get_state().items())
    for before, state in zip(reversed(marks), reversed(states[:-1]), strict=True):
        table.put_back(before)
        assert all(torch.equal(table.get_state()[name], value) for name, value in state.items())


def test_what_was_not_moved_yet_is_not_put_back() -> None:
    """Ctrl-C may come between the two: the room is there, and holds anything."""
    table = ItemTable(4, 3, seed=0)
    table.grow(content(9))
    before, room = table.get_state(), table.room_for(np.array([2, 5]))
    room.embeddings[:], room.states[:] = np.nan, np.nan
    table.put_back(room)
    assert all(torch.equal(table.get_state()[name], value) for name, value in before.items())
