"""What every user encoder must do. That of a new model in `MODELS` passes these without a change."""

from __future__ import annotations

import pytest
import torch

from lifelong_widgets.models import MODELS, UserEncoder

LENGTH, DIM = 6, 8
ENCODERS = {model.encoder.__name__: model.encoder for model in MODELS.values()}


@pytest.fixture(
    params=[(name, layers) for name in ENCODERS for layers in (("gelu", 1), ("tanh", 3))], ids=str
)
def encoder(request: pytest.FixtureRequest) -> UserEncoder:
    name, layers = request.param
    made = ENCODERS[name](DIM, 16, LENGTH, *layers)
    made.initialise(torch.Generator().manual_seed(0))
    return made


@pytest.fixture
def vectors() -> torch.Tensor:
    return torch.randn(3, LENGTH, DIM, generator=torch.Generator().manual_seed(1))


def test_shape_and_finiteness(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    users = encoder(vectors, torch.ones(3, LENGTH))
    assert users.shape == (3, encoder.user_dim)
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


def test_an_event_worth_nothing_leaves_no_gap(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    """But for encoders that go by how long ago something was."""
    if encoder.averaging(torch.ones(1, LENGTH)) is not None:
        return
    with_gaps = torch.tensor([[1.0, 0, 0.5, 0, 0, -1.0]]).repeat(3, 1)
    without = torch.tensor([[1.0, 0.5, -1.0, 0, 0, 0]]).repeat(3, 1)
    torch.testing.assert_close(encoder(vectors, with_gaps), encoder(vectors[:, [0, 2, 5, 1, 3, 4]], without))


def test_an_empty_history_has_an_answer(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    """The same alone as beside others, and the way back is finite."""
    alone = encoder(torch.zeros(1, LENGTH, DIM), torch.zeros(1, LENGTH))
    assert torch.isfinite(alone).all()
    rewards = torch.ones(3, LENGTH)
    rewards[1] = 0.0
    vectors.requires_grad_()
    together = encoder(vectors, rewards)
    torch.testing.assert_close(together[[1]], alone)
    together.sum().backward()
    assert vectors.grad is not None and torch.isfinite(vectors.grad).all() and not vectors.grad[1].any()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in encoder.parameters())


def test_first_values_come_from_the_generator_alone(encoder: UserEncoder) -> None:
    for seed, same in ((0, True), (1, False)):
        torch.manual_seed(99 + seed)
        layers = (encoder.activation, encoder.n_hidden_layers)
        other = type(encoder)(DIM, 16, LENGTH, *layers)
        other.initialise(torch.Generator().manual_seed(seed))
        pairs = zip(encoder.parameters(), other.parameters(), strict=True)
        assert all(torch.equal(one, two) for one, two in pairs) == same


def test_order_and_reward_matter(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    rewards = torch.ones(3, LENGTH)
    assert not torch.allclose(encoder(vectors, rewards), encoder(vectors.flip(1), rewards))
    assert not torch.allclose(encoder(vectors, rewards), encoder(vectors, -rewards))


def test_every_parameter_and_the_items_get_a_gradient(encoder: UserEncoder, vectors: torch.Tensor) -> None:
    vectors.requires_grad_()
    encoder(vectors, torch.ones(3, LENGTH)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters())
    assert vectors.grad is not None and vectors.grad.abs().sum() > 0
