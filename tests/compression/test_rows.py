"""Matrices that are held in fewer bytes: what each way of holding them promises."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lifelong_widgets.compression.coded_rows import CodedRows
from lifelong_widgets.compression.methods import Part, Plan, plan_of
from lifelong_widgets.compression.rows import Rows
from lifelong_widgets.compression.varints import gaps, packed, sums, unpacked
from lifelong_widgets.errors import DataError, FormatError

MATRICES = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 8), st.integers(1, 9)), elements=st.floats(-1e3, 1e3, width=32)
)
PLANS = ["float32", "int8", "int4", "low_rank:2", "prune:0.5", "pq:3", "hashed:4"]
PARTS: list[Part] = ["embeddings", "content", "layers", "linear"]


def some(n: int = 40, m: int = 12) -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.standard_normal((n, 3)) @ rng.standard_normal((3, m))).astype(np.float32)


HALF_STEPS: list[tuple[str, Part, int]] = [
    ("int8", "layers", 254),
    ("int4", "layers", 14),
    ("int8", "content", 65_534),
    ("int4", "content", 254),
]


@given(MATRICES, st.sampled_from(HALF_STEPS))
def test_no_number_is_off_by_more_than_half_a_step(matrix: np.ndarray, how: tuple[str, Part, int]) -> None:
    name, of, n_half_steps = how
    held = plan_of(name).held(matrix, of).take(np.arange(len(matrix)))
    half_step = np.abs(matrix).max(axis=1, keepdims=True) / n_half_steps
    rounding = np.abs(matrix) * 1e-6
    assert (np.abs(held - matrix) <= half_step * (1 + 1e-4) + rounding + 1e-30).all()


@given(MATRICES)
def test_small_weights_of_the_linear_memory_are_held_more_closely(matrix: np.ndarray) -> None:
    held = plan_of("int8").held(matrix, "linear").take(np.arange(len(matrix)))
    top = np.abs(matrix.astype(np.float64)).max(axis=1, keepdims=True)
    bound = (np.sqrt(np.abs(matrix) * top) + top / 508) / 127
    assert (np.abs(held - matrix) <= bound * (1 + 1e-4) + 1e-30).all()


@pytest.mark.parametrize("of", PARTS)
@pytest.mark.parametrize("name", PLANS)
def test_the_products_are_those_of_the_matrix_that_is_held(name: str, of: Part) -> None:
    rows = plan_of(name).held(some(), of)
    whole, rng = rows.take(np.arange(40)), np.random.default_rng(0)
    vector, places = rng.standard_normal(12).astype(np.float32), np.array([3, 39, 3, 0])
    factors = rng.standard_normal(4).astype(np.float32)
    assert rows.shape == whole.shape == (40, 12)
    np.testing.assert_allclose(rows.matmul(vector), whole @ vector, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(rows.combine(places, factors), factors @ whole[places], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("of", PARTS)
@pytest.mark.parametrize("name", PLANS)
def test_a_state_is_the_same_matrix_and_another_is_refused(name: str, of: Part) -> None:
    plan = plan_of(name)
    rows = plan.held(some(), of)
    again = plan.held_state(rows.get_state(), rows.shape, of)
    assert np.array_equal(again.take(np.arange(40)), rows.take(np.arange(40)))
    narrower = [] if name.startswith("prune") else [(40, 23)]  # a sparse row ends where its entries do
    for shape in [(30, 12), *narrower]:
        with pytest.raises((FormatError, KeyError)):
            plan.held_state(rows.get_state(), shape, of)


@pytest.mark.parametrize("name", ["float32", "int8", "int4", "prune:0.5"])
def test_rows_that_are_written_are_as_if_they_had_always_been_so(name: str) -> None:
    plan, matrix = plan_of(name), some()
    rows, changed = plan.held(matrix[:30]), matrix.copy()
    changed[[2, 35]] *= -3.0
    rows.write(np.array([2, *range(30, 40)]), changed[[2, *range(30, 40)]])
    assert np.array_equal(rows.take(np.arange(40)), plan.held(changed).take(np.arange(40)))


@pytest.mark.parametrize("name", PLANS)
def test_a_column_can_be_emptied(name: str) -> None:
    rows = plan_of(name).held(some(), "embeddings")
    before = rows.take(np.arange(40))
    for column in (1, 8):
        rows.clear(column)
    before[:, [1, 8]] = 0.0
    np.testing.assert_allclose(
        rows.take(np.arange(40)), before, atol=5e-2 if name in ("pq:3", "prune:0.5") else 1e-5
    )


def test_few_directions_are_enough_for_a_matrix_of_that_rank() -> None:
    large = some(400, 300)
    for matrix, rank in ((some(), 3), (large, 3)):
        rows = plan_of([f"low_rank:{rank}", "int8"]).held(matrix)
        off = np.abs(rows.take(np.arange(len(matrix))) - matrix).max() / np.abs(matrix).max()
        assert off < 0.03
        numbers = rows.get_state()
        assert sum(part["codes"].nbytes for part in numbers.values()) == rank * sum(matrix.shape)


@given(
    st.lists(
        st.dictionaries(st.integers(0, 70_000), st.floats(0.0625, 1e4, width=32), max_size=9),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([4, 8]),
    st.booleans(),
)
def test_coded_rows_keep_their_columns_and_nearly_their_weights(
    given_rows: list[dict[int, float]], bits: int, signed: bool
) -> None:
    rows = CodedRows(bits, signed)
    entries = [
        (
            np.array(sorted(row), dtype=np.int64),
            np.array([row[c] * (-1 if signed and c % 2 else 1) for c in sorted(row)], dtype=np.float32),
        )
        for row in given_rows
    ]
    for _ in range(2):  # the second time over the first
        rows.write(np.arange(len(entries)), entries)
    again = CodedRows(bits, signed)
    again.set_state(rows.get_state(), len(entries), 70_001)
    for number, (columns, weights) in enumerate(entries):
        found, near = again.entries(number)
        assert np.array_equal(found, columns)
        top = np.abs(weights).max(initial=0.0)
        levels = 2 ** (bits - 1) - 1 if signed else 2**bits - 1
        roots = np.abs(np.sqrt(np.abs(near) / max(top, 1e-30)) - np.sqrt(np.abs(weights) / max(top, 1e-30)))
        coarser = (
            2 ** (1 / 32) * 1.001
        )  # the root of a scale, which is up to a sixteenth of an octave too large
        assert (roots <= (1.0 if not signed else 0.5) * coarser / levels).all()


def test_rows_that_grow_and_shrink_leave_no_growing_holes() -> None:
    rows, rng = CodedRows(8, signed=False), np.random.default_rng(0)
    latest = {}
    for _ in range(300):
        row, n = int(rng.integers(20)), int(rng.integers(1, 60))
        columns = np.sort(rng.choice(500, n, replace=False))
        latest[row] = columns, rng.random(n).astype(np.float32) + 0.1
        rows.write(np.array([row]), [latest[row]])
        assert len(rows._bytes) < 4 * sum(3 * len(columns) + 3 for columns, _ in latest.values()) + 500
    for row, (columns, _) in latest.items():
        assert np.array_equal(rows.entries(row)[0], columns)
    again = CodedRows(8, signed=False)
    again.set_state(rows.get_state(), len(rows), 500)
    assert again.n_bytes == rows.n_bytes and len(again._bytes) < 2 * again.n_bytes


@given(
    st.lists(st.integers(-1, 5), max_size=8),
    st.lists(st.integers(-2, 30), max_size=12),
    st.lists(st.integers(0, 17), max_size=12),
    st.sampled_from([4, 8]),
)
def test_numbers_from_a_stranger_are_rows_or_are_refused(
    counts: list[int], differences: list[int], codes: list[int], bits: int
) -> None:
    rows = CodedRows(bits, signed=False)
    state = {
        "n": len(counts),
        "counts": packed(np.array(counts, dtype=np.int64)),
        "gaps": packed(np.array(differences, dtype=np.int64)),
        "codes": np.array(codes, dtype=np.uint8),
        "scales": np.zeros(len(counts), dtype=np.int16),
    }
    try:
        rows.set_state(state, 8, 50)
    except FormatError:
        return
    assert sum(counts) == len(differences) == len(codes) and min(counts, default=0) >= 0
    columns, weights, found = rows.of(np.arange(len(counts)), np.ones(len(counts), dtype=np.float32))
    assert found.tolist() == counts and ((columns >= 0) & (columns < 50)).all() and (weights <= 1.0).all()
    begin = 0
    for count in counts:
        assert (np.diff(columns[begin : begin + count]) > 0).all()
        begin += count


@given(hnp.arrays(np.int64, st.integers(0, 20), elements=st.integers(-(2**61), 2**61)))
def test_whole_numbers_are_packed_without_loss(numbers: np.ndarray) -> None:
    assert np.array_equal(unpacked(packed(numbers), len(numbers)), numbers)
    with pytest.raises(FormatError):
        unpacked(packed(numbers), len(numbers) + 1)


def test_lists_with_empty_ones_among_them() -> None:
    sizes, values = np.array([0, 2, 0, 1, 0]), np.array([4, 9, 2])
    assert np.array_equal(sums(gaps(values, sizes), sizes), values)


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ("int3", "unknown compression 'int3'"),
        (["int8", "int4"], "decide the same thing"),
        (["low_rank:8", "prune:0.5"], "low_rank:8 and prune:0.5 decide the same thing"),
        (["pq", "hashed"], "how item rows shrink"),
        (["distill", "neurons"], "how the user encoder shrinks"),
        (["float32", "pq"], "float32 makes nothing smaller"),
        (["int8", "tune:10"], "tune:10 has nothing to make up for"),
        (["prune:0.5", "tune:0"], "a whole number from 1"),
        ("low_rank:0", "a whole number from 1"),
        ("low_rank:2.5", "a whole number from 1"),
        ("prune:0", "a share above 0"),
        ("prune:x", "no number after its colon"),
        ("neighbors:lots", "no number after its colon; such as 'neighbors:64'"),
        ("int8:3", "int8 takes no number"),
        ([], "methods are names"),
        (7, "methods are names"),
        ([7], "a method is a name"),
    ],
)
def test_what_cannot_be_combined_is_refused_with_a_reason(methods: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        plan_of(methods)  # type: ignore[arg-type]


def test_a_plan_is_told_by_its_names_again() -> None:
    for methods in (
        ["int8"],
        ["int4", "neighbors:9", "low_rank:3", "pq:2", "distill:8"],
        ["prune:0.125", "tune:7"],
    ):
        plan = plan_of(methods)
        assert plan_of(plan.names()) == plan and isinstance(plan, Plan)


def test_every_way_gives_arrays_of_its_own() -> None:
    make: Callable[[str], Rows] = lambda name: plan_of(name).held(some(), "embeddings")  # noqa: E731
    for name in PLANS:
        rows = make(name)
        before = rows.take(np.arange(40)).copy()
        rows.take(np.arange(40))[:] = 9.0
        assert np.array_equal(rows.take(np.arange(40)), before)
