"""The gradients by hand are those of autograd, and so is a step made of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.learning import OBJECTIVES, Distillation, Examples, Objective, Scored
from lifelong_widgets.learning.gradients import gradients
from lifelong_widgets.learning.optimizers import OPTIMIZERS
from lifelong_widgets.models import ACTIVATIONS, MODELS, Network, UserEncoder, network
from lifelong_widgets.models.decayed_mlp import DecayedMLP


class Recurrent(UserEncoder):
    """Without formulas: it reads the vectors themselves and leaves a parameter unused."""

    def make_layers(self) -> None:
        self.cell = torch.nn.Linear(2 * self.embedding_dim, self.embedding_dim)
        self.unused = torch.nn.Parameter(torch.ones(3))

    def read(self, inputs: torch.Tensor, rewards: torch.Tensor) -> torch.Tensor:
        users = torch.zeros_like(inputs[:, 0])
        for place in reversed(range(inputs.shape[1])):
            seen = torch.tanh(self.cell(torch.cat([users, inputs[:, place] * rewards[:, [place]]], dim=1)))
            users = torch.where(rewards[:, [place]] != 0, seen, users)
        return users


class Hinge(Objective):
    """An objective of its own without formulas."""

    def attract(
        self, target_scores: torch.Tensor, negative_scores: torch.Tensor, n_items: int
    ) -> torch.Tensor:
        return torch.relu(1 + negative_scores - target_scores.unsqueeze(1)).sum(1)


ALL_OBJECTIVES = {**OBJECTIVES, "hinge": Hinge()}
ALL_MODELS = [*MODELS, "recurrent", "deep"]


def make(
    model: str, n_items: int, content_dim: int, length: int, gated: bool, person_dim: int = 0
) -> Network:
    """In float64, so that a wrong formula cannot hide behind rounding."""
    settings = {"model": model} if model in MODELS else {}
    if model == "deep":
        settings = {"model": "mlp", "activation": "tanh", "n_hidden_layers": 3}
    made = Network(embedding_dim=4, hidden_dim=6, history_length=length, **settings)
    widths = {"text": content_dim // 3, "image": content_dim - content_dim // 3}
    made.build(widths, seed=0, gated=gated, person_dim=person_dim)
    if model == "recurrent":
        made.encoder = Recurrent(4, 6, length)
    made.encoder.double()
    made.head.double()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in made.dense_parameters()[1:]:
            parameter.copy_(torch.from_numpy(rng.normal(size=parameter.shape)))
    made.content.projection = torch.nn.Parameter(torch.from_numpy(rng.normal(size=(content_dim, 4))))
    if made.content.gate is not None:
        made.content.gate = torch.nn.Parameter(torch.from_numpy(rng.normal(size=2)))
    if made.of_people is not None:
        made.of_people = torch.nn.Parameter(torch.from_numpy(rng.normal(size=made.of_people.shape)))
    made.items.grow(np.zeros((n_items, content_dim), dtype=np.float32))
    made.items._rows = rng.normal(size=made.items._rows.shape)
    return made


def batch(rng: np.random.Generator, n: int, n_items: int, length: int) -> Examples:
    rewards = rng.choice([-1.5, 0.0, 0.5, 1.0], size=(n, length))
    rewards[rng.random(n) < 0.3] = 0.0
    return Examples(
        rng.integers(n_items, size=(n, length)) * (rewards != 0),
        rewards,
        rng.integers(n_items, size=n),
        rng.choice([-1.0, -0.3, 0.5, 2.0], size=n),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ALL_MODELS),
    st.sampled_from(sorted(ALL_OBJECTIVES)),
    st.integers(1, 5),
    st.integers(1, 12),
    st.sampled_from([0, 1, 3]),
    st.sampled_from([1, 2, 7, 20]),
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(), ("text",), ("image",)]),
    st.integers(0, 5),
    st.sampled_from([1, 50, 2**20]),
    st.sampled_from(["no", "unknown", "known"]),
    st.integers(0, 2**32),
)
def test_they_are_those_of_autograd(
    model: str,
    objective: str,
    n: int,
    n_items: int,
    content_dim: int,
    length: int,
    n_negatives: int,
    weighted: bool,
    gated: bool,
    without: tuple[str, ...],
    n_kept: int,
    at_once: int,
    people: str,
    seed: int,
) -> None:
    """With few items, they recur within histories, targets and negatives; some histories are empty.

    The network reads no features of people, or some that are not known, or known. A head is asked for all
    pairs at once, for a few, or for one after the other.
    """
    rng = np.random.default_rng(seed)
    net = make(model, n_items, content_dim, length, gated, person_dim=0 if people == "no" else 3)
    examples = batch(rng, n, n_items, length)
    if people == "known":
        examples = replace(examples, people=rng.normal(size=(n, 3)))
    negatives = rng.integers(n_items, size=n_negatives)
    weights = rng.uniform(0.0, 2.0, size=n) if weighted else None
    loss = ALL_OBJECTIVES[objective]
    kept, distillation = min(n_kept, n), None
    kept_items = rng.integers(n_items, size=(kept, 4))
    if kept:
        distillation = Distillation(Scored(kept_items, rng.normal(size=(kept, 4))), strength=0.7)

    rows = net.items.rows.clone().requires_grad_()
    with net.content.without(without):
        vectors = net.item_vectors(rows[:, :4], rows[:, 4:])
    users = net.encoder(vectors[examples.history_items], torch.from_numpy(examples.history_rewards))
    if people == "known":
        assert net.of_people is not None
        users = users + torch.from_numpy(examples.people) @ net.of_people
    is_target = torch.from_numpy(negatives == examples.targets[:, None])
    losses = loss(
        net.head(users, vectors[examples.targets].unsqueeze(1))[:, 0],
        net.head(users, vectors[negatives]).masked_fill(is_target, -torch.inf),
        torch.from_numpy(examples.rewards),
        n_items,
    )
    whole = losses
    if distillation is not None:
        scores = net.head(users[n - kept :], vectors[kept_items])
        gaps = (scores - torch.from_numpy(distillation.kept.scores)).square().mean(1)
        whole = losses + torch.cat([torch.zeros(n - kept), 0.7 * gaps])
    mean = (whole if weights is None else whole * torch.from_numpy(weights)).mean()
    of_rows, *of_dense = torch.autograd.grad(
        mean, [rows, *net.dense_parameters()], allow_unused=True, materialize_grads=True
    )

    into = [torch.full_like(parameter, torch.nan) for parameter in net.dense_parameters()]
    before = net.items.rows.clone()
    with pytest.MonkeyPatch.context() as patch, net.content.without(without):
        patch.setattr(network, "NUMBERS_AT_ONCE", at_once)
        found = gradients(net, examples, negatives, loss, into, weights, distillation)

    def same(one: torch.Tensor, other: torch.Tensor) -> None:
        torch.testing.assert_close(one, other, atol=1e-8, rtol=1e-8)

    same(torch.from_numpy(found.losses), losses.detach())
    assert found.loss == pytest.approx(float(mean.detach()), abs=1e-8)
    for mine, reference in zip(into, of_dense, strict=True):
        same(mine, reference)
    events = examples.history_items[examples.history_rewards != 0]
    touched = np.unique(np.concatenate([events, examples.targets, negatives, kept_items.reshape(-1)]))
    assert found.indices.tolist() == touched.tolist()
    same(torch.from_numpy(found.embeddings), of_rows[touched, :4])
    untouched = np.setdiff1d(np.arange(n_items), touched)
    assert not of_rows[untouched, :4].any()
    assert torch.equal(net.items.rows, before)


def test_the_hidden_layer_is_a_gelu() -> None:
    encoder = DecayedMLP(4, 6, 20).double()
    inputs = torch.randn(3, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    hidden = torch.nn.functional.gelu(encoder.hidden(inputs.flatten(1)))
    expected = encoder.output(hidden) + (inputs * encoder.short_cut[:, None]).sum(1)
    torch.testing.assert_close(encoder.read(inputs, torch.ones(3, 20)), expected, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hidden_layers_are_what_the_text_states(activation: str) -> None:
    """h_l = σ(W_l h_{l-1} + b_l), l = 1 … 3."""
    encoder = DecayedMLP(4, 6, 20, activation, 3).double()
    inputs = torch.randn(3, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    sigma = {
        "relu": lambda x: x.clamp(min=0),
        "sigmoid": lambda x: 1 / (1 + (-x).exp()),
        "tanh": lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
        "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    }[activation]
    hidden = inputs.flatten(1)
    for layer in (encoder.hidden, *encoder.deeper):
        hidden = sigma(hidden @ layer.weight.T + layer.bias)
    expected = encoder.output(hidden) + (inputs * encoder.short_cut[:, None]).sum(1)
    torch.testing.assert_close(encoder.read(inputs, torch.ones(3, 20)), expected, atol=1e-12, rtol=1e-12)


TORCH = {
    "adam": torch.optim.Adam,
    "adagrad": lambda parameters, lr: torch.optim.Adagrad(parameters, lr=lr, eps=1e-8),
    "momentum": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9),
    "sgd": torch.optim.SGD,
    "gradient_descent": torch.optim.SGD,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_dense_step_is_torchs(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    values = [torch.randn(*shape, generator=generator) for shape in ((5, 3), (7,), (0, 4), (2, 2))]
    mine, theirs = ([torch.nn.Parameter(value.clone()) for value in values] for _ in range(2))
    optimizer, reference = OPTIMIZERS[name].dense(mine), TORCH[name](theirs, lr=0.01)
    for _ in range(20):
        for own, parameter in zip(optimizer.gradients, theirs, strict=True):
            own.copy_(torch.randn(own.shape, generator=generator))
            parameter.grad = own.clone()
        optimizer.step(0.01)
        reference.step()
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)
    for place, state in reference.state_dict()["state"].items():
        for name, moment in state.items():
            torch.testing.assert_close(optimizer.get_state()[f"{place}.{name}"], moment, atol=1e-7, rtol=1e-5)
