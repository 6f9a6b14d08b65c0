"""Content that is learned with the rest of the network, such as a text that a small network reads."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers import TextEncoder

_REFRESHED = 64
"""How many rows of other items are brought up to date after each step."""


class LearnedContent:
    """An encoder of what each item is made of, and what it reads of each.

    The rows that it writes lie in the item table, where everything reads them. A step of the encoder would
    change those of all items; brought up to date are the items of the batch, and some others in turn. So a
    click costs the same for any catalogue, and no row is older than `n_items / 64` steps.

    Args:
        encoder: what is learned.
        columns: of the content, where its rows lie.
        length: how many numbers it reads of an item.
    """

    def __init__(self, encoder: TextEncoder, columns: slice, length: int) -> None:
        self.encoder, self.columns = encoder, columns
        self._storage: NDArray[np.int32] = np.zeros((0, length), dtype=np.int32)
        self._lengths: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._n = self._next = 0
        self._groups: list[int] = []  # where each group of items that came together begins

    def __len__(self) -> int:
        return self._n

    def parameters(self) -> list[torch.nn.Parameter]:
        """Those of the encoder."""
        return list(self.encoder.parameters())

    def grow(self, numbers: NDArray[np.int32], content: NDArray[np.float32]) -> None:
        """New items.

        Args:
            numbers: (n_new, length), what is read of each.
            content: (n_new, content_dim), whose columns of this encoder say how long its rows are.
        """
        end = self._n + len(numbers)
        if end > len(self._storage):
            room = max(end, 2 * len(self._storage))
            storage = np.zeros((room, self._storage.shape[1]), dtype=np.int32)
            lengths = np.zeros(room, dtype=np.float32)
            storage[: self._n], lengths[: self._n] = self._numbers, self._scales
            self._storage, self._lengths = storage, lengths
        self._storage[self._n : end] = numbers
        self._lengths[self._n : end] = np.linalg.norm(content[:, self.columns], axis=1)
        self._groups.append(self._n)
        self._n = end

    def groups_from(self, item: int) -> list[NDArray[np.int64]]:
        """The items from `item` on, in the groups in which they came: who is read together rounds alike."""
        bounds = [*(start for start in self._groups if start >= item), self._n]
        return [np.arange(start, end) for start, end in itertools.pairwise(bounds)]

    @torch.no_grad()
    def rows(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """What the encoder says of `items` now, (n, width)."""
        rows: NDArray[np.float32] = self._read(items).numpy()
        return rows

    def backward(
        self, items: NDArray[np.int64], of_rows: NDArray[np.floating], into: Sequence[torch.Tensor]
    ) -> None:
        """The gradients of the encoder's parameters, one for each of `into`, given those of rows."""
        with torch.enable_grad():
            rows = self._read(items)
            found = torch.autograd.grad(rows, self.parameters(), torch.from_numpy(of_rows).to(rows.dtype))
        for place, value in zip(into, found, strict=True):
            place.copy_(value)

    def due(self, touched: NDArray[np.int64]) -> NDArray[np.int64]:
        """The items to bring up to date after a step on `touched`: these, and the next ones in turn."""
        n = len(self)
        others = (self._next + np.arange(min(_REFRESHED, n))) % max(n, 1)
        self._next = (self._next + _REFRESHED) % max(n, 1)
        return np.union1d(touched, others)

    @property
    def turn(self) -> int:
        """Which item's turn it is; set it to take a step back."""
        return self._next

    @turn.setter
    def turn(self, item: int) -> None:
        self._next = item

    def get_state(self) -> dict[str, torch.Tensor]:
        """The encoder's parameters, and what is read of each item."""
        state = {f"encoder.{name}": p.detach().clone() for name, p in self.encoder.named_parameters()}
        state["numbers"] = torch.from_numpy(self._numbers.copy())
        state["scales"] = torch.from_numpy(self._scales.copy())
        state["turn"] = torch.tensor(self._next)
        return state

    def set_state(self, state: dict[str, torch.Tensor], n_items: int) -> None:
        """Take a state back.

        Raises:
            FormatError: it is not one of this encoder and `n_items` items.
        """
        own = dict(self.encoder.named_parameters())
        for name, parameter in own.items():
            given = state.get(f"encoder.{name}")
            if given is None or given.shape != parameter.shape or not torch.isfinite(given).all():
                raise FormatError(
                    f"learned content: {name} must be finite, of shape {tuple(parameter.shape)}"
                )
        if not {"numbers", "scales", "turn"} <= state.keys():
            raise FormatError(f"learned content: there is only {', '.join(state):.200}")
        numbers, scales, turn = state["numbers"], state["scales"], int(state["turn"])
        n_words = getattr(self.encoder, "n_words", None)
        if numbers.shape != (n_items, self._numbers.shape[1]) or scales.shape != (n_items,):
            raise FormatError(
                f"learned content: {tuple(numbers.shape)} numbers do not go with {n_items} items"
            )
        if numbers.dtype != torch.int32 or not torch.isfinite(scales).all() or not 0 <= turn <= n_items:
            raise FormatError("learned content: what is read of the items is not whole numbers and lengths")
        if numbers.numel() and not 0 <= int(numbers.min()) <= int(numbers.max()) < (n_words or 2**31):
            raise FormatError("learned content: a word has a number that the encoder does not know")
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(state[f"encoder.{name}"])
        self._storage, self._lengths = numbers.numpy().copy(), scales.numpy().copy()
        self._n, self._next, self._groups = n_items, turn, []

    @property
    def _numbers(self) -> NDArray[np.int32]:
        return self._storage[: self._n]

    @property
    def _scales(self) -> NDArray[np.float32]:
        return self._lengths[: self._n]

    def _read(self, items: NDArray[np.int64]) -> torch.Tensor:
        numbers = torch.from_numpy(self._numbers[items].astype(np.int64))
        scales = torch.from_numpy(self._scales[items]).unsqueeze(1)
        rows: torch.Tensor = self.encoder(numbers) * scales
        return rows
