"""The rows of neighbours that members read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.memory.neighbor_table import NeighborTable

ROW = st.dictionaries(st.integers(0, 30), st.integers(1, 9), max_size=8)


def table_of(rows: list[dict[int, int]]) -> NeighborTable:
    table = NeighborTable(capacity=8)
    for place, row in enumerate(rows):
        columns = np.array(sorted(row), dtype=np.int64)
        table.add_to_row(place, columns, np.array([row[column] for column in columns.tolist()], np.float32))
    return table


@given(st.lists(ROW, min_size=1, max_size=6), st.lists(st.integers(0, 40), unique=True, max_size=9))
def test_terms_are_what_the_rows_hold_and_add_up_to_their_sum(
    rows: list[dict[int, int]], columns: list[int]
) -> None:
    table, asked = table_of(rows), np.array(columns, dtype=np.int64)
    places = np.arange(len(rows) + 2)  # the last two are unknown
    terms = table.terms(places, asked)
    expected = [[row.get(column, 0) for column in columns] for row in [*rows, {}, {}]]
    assert terms.tolist() == expected
    assert terms.sum(axis=0).tolist() == table.sum(places, np.ones(len(places)), 41).of(asked).tolist()
