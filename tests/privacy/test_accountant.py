"""The accountant: beside Opacus, and what has to hold of any."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus.accountants import RDPAccountant
from opacus.accountants.analysis.rdp import compute_rdp

from lifelong_widgets.errors import DataError
from lifelong_widgets.privacy.accountant import (
    ORDERS,
    epsilon_of,
    gaussian_rdp,
    noise_for,
    subsampled_rdp,
)

RATES = st.floats(0.001, 0.5)
NOISES = st.floats(0.4, 8.0)


@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("noise", [0.5, 0.8, 1.0, 2.0, 8.0])
def test_it_is_that_of_opacus_at_every_order(rate: float, noise: float) -> None:
    theirs = compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=ORDERS.tolist())
    np.testing.assert_allclose(subsampled_rdp(rate, noise), theirs, rtol=1e-6, atol=1e-12)


def test_epsilon_is_that_of_opacus() -> None:
    for history in ([(1.1, 0.01, 1000)], [(1.0, 0.05, 400), (1.0, 1.0, 3)], [(0.6, 0.2, 50)]):
        opacus = RDPAccountant()
        opacus.history = history
        rdp = sum(steps * subsampled_rdp(rate, noise) for noise, rate, steps in history)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the best order is an extreme one
            theirs = opacus.get_epsilon(1e-5, alphas=ORDERS.tolist())
        assert epsilon_of(np.asarray(rdp), 1e-5) == pytest.approx(theirs, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(RATES, NOISES, st.integers(1, 500))
def test_more_of_anything_but_noise_costs_more(rate: float, noise: float, steps: int) -> None:
    rdp = subsampled_rdp(rate, noise)
    once = epsilon_of(steps * rdp, 1e-5)
    assert 0 <= once <= epsilon_of((steps + 1) * rdp, 1e-5)
    assert once <= epsilon_of(steps * subsampled_rdp(min(1.0, 1.1 * rate), noise), 1e-5) + 1e-9
    assert once >= epsilon_of(steps * subsampled_rdp(rate, 1.1 * noise), 1e-5) - 1e-9
    assert once <= epsilon_of(steps * gaussian_rdp(noise), 1e-5) + 1e-9  # chance protects as well
    assert once >= epsilon_of(steps * rdp, 1e-4)


def test_no_noise_is_no_privacy_and_nothing_done_costs_nothing() -> None:
    assert epsilon_of(gaussian_rdp(0.0), 1e-5) == epsilon_of(subsampled_rdp(0.1, 0.0), 1e-5) == np.inf
    assert not subsampled_rdp(0.0, 1.0).any()


@pytest.mark.parametrize("epsilon", [1.0, 3.0, 8.0])
def test_the_noise_for_an_epsilon_reaches_it_and_no_less_does(epsilon: float) -> None:
    plan = {"sampling_rate": 0.05, "steps": 100, "uses": 2}

    def spent(noise: float) -> float:
        return epsilon_of(100 * subsampled_rdp(0.05, noise) + 2 * gaussian_rdp(noise), 1e-5)

    noise = noise_for(epsilon, 1e-5, **plan)
    assert spent(noise) <= epsilon < spent(noise - 0.002)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epsilon": 0.0, "uses": 1}, "epsilon is 0;"),
        ({"epsilon": "3", "uses": 1}, "epsilon is '3';"),
        ({"epsilon": 1.0}, "steps and uses are both 0"),
        ({"epsilon": 1.0, "delta": 0.0, "uses": 1}, "delta is 0;"),
        ({"epsilon": 1.0, "sampling_rate": 1.5, "steps": 1}, "sampling_rate is 1.5;"),
        ({"epsilon": 1.0, "uses": 1.5}, r"uses is 1\.5; it must be a whole number"),
        ({"epsilon": 1.0, "steps": -1}, "steps is -1;"),
    ],
)
def test_what_cannot_be_planned_is_said(given: dict[str, float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        noise_for(**given)  # type: ignore[arg-type]


def test_an_epsilon_that_no_noise_reaches_is_said_with_the_smallest_that_one_does() -> None:
    """Bug: it took a minute and a half to find out, and what could be reached was not said."""
    plan = {"delta": 1e-5, "sampling_rate": 0.05, "steps": 400}
    with pytest.raises(DataError, match=r"epsilon of 0\.0001: the smallest .* of 1e-05 is") as said:
        noise_for(0.0001, **plan)  # type: ignore[arg-type]
    smallest = float(str(said.value).rsplit(" ", 1)[1])
    assert noise_for(smallest, **plan) > 1000  # type: ignore[arg-type]
    with pytest.raises(DataError, match="the smallest"):
        noise_for(smallest - 0.0002, **plan)  # type: ignore[arg-type]
