"""How the encoders of pictures and sounds are trained: by their categories, or by themselves."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from lifelong_widgets.featurizers.media.augmentation import Augmentation

_LEAST_BATCH, _MOST_BATCH = 32, 128
_STEPS = 8  # an epoch, at least, unless the batches become too small
_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 1e-4
_PROJECTED = 64
_TEMPERATURE = 0.2


def made(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """The module that `make` gives, with first weights that depend on `seed` alone.

    torch's own initialisation draws from its global generator, which is left as it was.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        module = make()
        for parameter in module.parameters():
            if parameter.ndim >= 2:
                bound = (6 / parameter[0].numel()) ** 0.5  # He et al. (2015)
                parameter.uniform_(-bound, bound, generator=generator)
            else:
                parameter.zero_()
    return module


def train(
    encoder: nn.Module,
    width: int,
    inputs: torch.Tensor,
    labels: torch.Tensor | None,
    augment: Augmentation,
    epochs: int,
    seed: int,
) -> None:
    """Train `encoder` in place on `inputs`, (n, …) float32.

    With `labels`, (n, n_categories) of 0 and 1, it learns to tell the categories of augmented inputs, by a
    linear layer and the binary cross-entropy. Without, two augmentations of an input are to be told from
    those of all others in the batch: SimCLR (Chen et al., "A simple framework for contrastive learning of
    visual representations", 2020). The layers after `encoder`, whose output has `width` columns, are left out
    afterwards.

    Args:
        encoder: takes a batch of inputs and gives (n, width).
        width: as above.
        inputs: what is learned from.
        labels: of the rows of `inputs`; a row of zeros has no category that is known.
        augment: a batch, changed at random by the generator in ways that do not matter.
        epochs: how often every input is seen.
        seed: of everything random.
    """
    generator = torch.Generator().manual_seed(seed)
    n_outputs = _PROJECTED if labels is None else labels.shape[1]
    head = made(lambda: _head(width, n_outputs, labels is None), seed + 1)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    n_batches = -(-len(inputs) // min(_MOST_BATCH, max(_LEAST_BATCH, len(inputs) // _STEPS)))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, epochs * n_batches))
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs), generator=generator).tensor_split(n_batches):
            if labels is None:
                views = torch.cat([augment(inputs[batch], generator) for _ in range(2)])
                loss = _contrast(head(encoder(views)))
            else:
                scores = head(encoder(augment(inputs[batch], generator)))
                loss = nn.functional.binary_cross_entropy_with_logits(scores, labels[batch], reduction="sum")
                loss = loss / len(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def _head(width: int, n_outputs: int, hidden: bool) -> nn.Module:
    last = nn.Linear(width, n_outputs)
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), last) if hidden else last


def _contrast(projected: torch.Tensor) -> torch.Tensor:
    """The NT-Xent loss of rows of which the first half and the second half are views of the same inputs."""
    directions = nn.functional.normalize(projected, dim=1)
    n = len(directions)
    itself = torch.eye(n, dtype=torch.bool)
    alike = (directions @ directions.T / _TEMPERATURE).masked_fill(itself, -1e9)
    return nn.functional.cross_entropy(alike, torch.arange(n).roll(n // 2))
