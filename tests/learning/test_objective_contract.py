"""What every objective must do. A new one is added to `OBJECTIVES` and passes these without a change."""

from __future__ import annotations

import pytest
import torch

from lifelong_widgets.learning import OBJECTIVES
from lifelong_widgets.learning.objectives import Objective


@pytest.fixture(params=OBJECTIVES)
def objective(request: pytest.FixtureRequest) -> Objective:
    return OBJECTIVES[request.param]


def scores(*values: float) -> torch.Tensor:
    return torch.tensor(values, requires_grad=True)


def test_a_wanted_item_is_drawn_up_and_the_others_down(objective: Objective) -> None:
    target, others = scores(0.1), torch.tensor([[0.3, -0.2]], requires_grad=True)
    objective(target, others, torch.tensor([1.0]), 50).backward()
    assert target.grad is not None and others.grad is not None
    assert target.grad.item() < 0 and (others.grad > 0).all()


def test_an_unwanted_item_is_pushed_down(objective: Objective) -> None:
    target, others = scores(0.1), torch.tensor([[0.3, -0.2]], requires_grad=True)
    objective(target, others, torch.tensor([-1.0]), 50).backward()
    assert target.grad is not None and target.grad.item() > 0


def test_a_higher_target_is_a_lower_loss_and_the_other_way_round(objective: Objective) -> None:
    others = torch.tensor([[0.3, -0.2]])
    for reward, sign in ((1.0, 1), (-1.0, -1)):
        low = objective(torch.tensor([0.0]), others, torch.tensor([reward]), 50)
        high = objective(torch.tensor([1.0]), others, torch.tensor([reward]), 50)
        assert sign * (low - high) > 0


def test_the_reward_weighs_the_example(objective: Objective) -> None:
    target, others = torch.tensor([0.1]), torch.tensor([[0.3, -0.2]])
    for sign in (1.0, -1.0):
        one = objective(target, others, torch.tensor([sign]), 50)
        half = objective(target, others, torch.tensor([sign / 2]), 50)
        torch.testing.assert_close(half, one / 2)


def test_a_negative_that_is_the_target_itself_counts_for_nothing(objective: Objective) -> None:
    target, others = scores(0.1), torch.tensor([[0.3, -torch.inf]])
    for reward in (1.0, -1.0):
        loss = objective(target, others, torch.tensor([reward]), 2)
        gradient = torch.autograd.grad(loss, target)[0]
        assert torch.isfinite(loss) and torch.isfinite(gradient).all()


def test_extreme_scores_stay_finite(objective: Objective) -> None:
    loss = objective(torch.tensor([-1e4]), torch.tensor([[1e4]]), torch.tensor([1.0]), 50)
    assert torch.isfinite(loss)


def test_the_sampled_softmax_over_all_items_is_the_softmax() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 6, generator=generator)
    others = logits.clone()
    others[0, 2] = -torch.inf
    loss = OBJECTIVES["sampled_softmax"](logits[:, 2], others, torch.ones(1), 6)
    torch.testing.assert_close(
        loss, torch.nn.functional.cross_entropy(logits, torch.tensor([2]), reduction="none")
    )


def test_the_log_q_correction_makes_a_sample_estimate_the_whole() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2000, generator=generator)
    target = torch.tensor([2.0])
    whole = torch.logsumexp(torch.cat([logits, target]), 0) - target[0]
    samples = [
        OBJECTIVES["sampled_softmax"](
            target, logits[torch.randint(2000, (1, 300), generator=generator)], torch.ones(1), 2000
        )
        for _ in range(50)
    ]
    assert abs(float(torch.stack(samples).mean() - whole)) < 0.02
