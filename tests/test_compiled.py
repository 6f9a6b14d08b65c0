from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lifelong_widgets import compiled as room
from lifelong_widgets.compiled import compiled


def shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    result, total = np.empty_like(values), 0.0
    for value in values:
        total += value
    for place in range(len(values)):
        result[place] = values[place] / total
    return result


@pytest.mark.parametrize("reassociate", [False, True])
def test_it_computes_what_python_would(reassociate: bool) -> None:
    values = np.array([1.0, 2.0, 5.0])
    assert compiled(shares, reassociate)(values).tolist() == shares(values).tolist()


def test_a_division_by_zero_is_that_of_numpy() -> None:
    assert np.isnan(compiled(shares)(np.zeros(2))).all()


def test_where_no_machine_code_can_be_kept_it_is_compiled_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []
    njit = room.njit

    def unwritable(cache: bool = False, **options: Any) -> Any:
        kept.append(cache)
        if cache:
            raise RuntimeError("cannot cache function 'shares': no locator available")
        return njit(**options)

    monkeypatch.setattr(room, "njit", unwritable)
    assert compiled(shares)(np.array([1.0, 3.0])).tolist() == [0.25, 0.75]
    assert kept == [True, False]
