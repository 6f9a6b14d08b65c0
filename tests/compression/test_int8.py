from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lifelong_widgets.compression.int8 import Int8Rows
from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, checkerboard

MATRICES = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.floats(-1e3, 1e3, width=32)
)


@given(MATRICES)
def test_no_number_is_off_by_more_than_half_a_step(matrix: np.ndarray) -> None:
    rows = Int8Rows.quantize(torch.from_numpy(matrix))
    half_step = np.abs(matrix).max(axis=1, keepdims=True) / 254
    assert (np.abs(rows.dequantize().numpy() - matrix) <= half_step * (1 + 1e-4) + 1e-30).all()


@given(MATRICES)
def test_a_product_is_that_of_the_dequantized_matrix(matrix: np.ndarray) -> None:
    rows = Int8Rows.quantize(torch.from_numpy(matrix))
    vector = torch.linspace(-1, 1, matrix.shape[1])
    torch.testing.assert_close(rows.matmul(vector), rows.dequantize() @ vector, rtol=1e-4, atol=1e-2)


@pytest.fixture(scope="module")
def fitted() -> Recommender:
    catalog, log = checkerboard(n_items=60)
    rec = Recommender(catalog, **SMALL)
    rec.fit(log, progress=False)
    return rec


def test_it_is_smaller_and_shows_nearly_the_same(fitted: Recommender) -> None:
    report = fitted.compress("int8").report
    assert report.bytes_after < report.bytes_before / 2.5
    assert report.overlap_at_10 > 0.9
    assert report.overlap_interval[0] <= report.overlap_at_10 <= report.overlap_interval[1]
    assert report.n_people == 30 and "overlap@10" in str(report)


def test_it_has_the_verbs_and_their_errors(fitted: Recommender) -> None:
    small = fitted.compress()
    assert len(small.recommend("nobody", k=7)) == 7
    consumed = set(fitted.recommend("p1", k=60, exclude_seen=False).items) - set(
        fitted.recommend("p1", k=60).items
    )
    assert consumed and not consumed & set(small.recommend("p1", k=60).items)
    with pytest.raises(DataError, match="k is 0"):
        small.recommend("p1", k=0)


def test_it_stands_alone(fitted: Recommender) -> None:
    small = fitted.compress()
    before = small.recommend("p1").items
    fitted.learn_one(user="p1", item=before[0], kind="like")
    assert small.recommend("p1").items == before


def test_ids_without_content_and_nobody_at_all() -> None:
    import pandas as pd

    rec = Recommender(Catalog.from_pandas(pd.DataFrame({"item": range(5), "title": ["…"] * 5})), **SMALL)
    assert rec.compress().report.n_people == 1
    rec.fit(
        Interactions.from_pandas(pd.DataFrame({"user": [1, 2], "item": [3, 4]}), time=None), progress=False
    )
    assert len(rec.compress().recommend(1)) == 4
