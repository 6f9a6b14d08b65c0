"""What every user encoder must do. A new one is added to `ENCODERS` and passes these without a change."""

from __future__ import annotations

import pytest
import torch

from lifelong_widgets.models import ENCODERS, UserEncoder

LENGTH, DIM = 6, 8


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest) -> UserEncoder:
    torch.manual_seed(0)
    return ENCODERS[request.param](DIM, 16, LENGTH)


@pytest.fixture
def vectors() -> torch.Tensor:
    return torch.randn(3, LENGTH, DIM, generator=torch.Generator().manual_seed(1))


def test_shape_and_finiteness(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    users = encoder(vectors, torch.ones(3, LENGTH))
    assert users.shape == (3, DIM)
    assert torch.isfinite(users).all()


def test_people_in_a_batch_do_not_mix(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    rewards = torch.ones(3, LENGTH)
    together = encoder(vectors, rewards)
    alone = torch.cat([encoder(vectors[i : i + 1], rewards[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone)


def test_what_stands_where_there_is_no_event_is_not_read(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    rewards = torch.tensor([[1.0, 0.5, 0, 0, 0, 0]]).repeat(3, 1)
    other = vectors.clone()
    other[:, 2:] = 99.0
    torch.testing.assert_close(encoder(vectors, rewards), encoder(other, rewards))


def test_an_empty_history_has_an_answer(encoder: UserEncoder) -> None:
    users = encoder(torch.zeros(1, LENGTH, DIM), torch.zeros(1, LENGTH))
    assert torch.isfinite(users).all()


def test_order_and_reward_matter(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    rewards = torch.ones(3, LENGTH)
    assert not torch.allclose(encoder(vectors, rewards), encoder(vectors.flip(1), rewards))
    assert not torch.allclose(encoder(vectors, rewards), encoder(vectors, -rewards))


def test_every_parameter_and_the_items_get_a_gradient(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    vectors.requires_grad_()
    encoder(vectors, torch.ones(3, LENGTH)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters())
    assert vectors.grad is not None and vectors.grad.abs().sum() > 0
