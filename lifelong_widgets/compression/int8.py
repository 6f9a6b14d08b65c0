"""Row-wise int8: eight bits a number and one scale a row."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_BLOCK = 8192  # rows


@dataclass(frozen=True)
class Int8Rows:
    """A matrix stored as ``scale[row] * codes[row, column]``, symmetric around zero.

    Attributes:
        codes: (n_rows, n_columns), int8, in -127 … 127.
        scales: (n_rows, 1), float32.
    """

    codes: torch.Tensor
    scales: torch.Tensor

    @classmethod
    def quantize(cls, matrix: torch.Tensor) -> Int8Rows:
        """Round each row to 255 levels; no number is off by more than half a step, ``max|row| / 254``.

        Jacob et al. (2018), "Quantization and training of neural networks for efficient
        integer-arithmetic-only inference", with a zero point of 0 and one scale a row.

        Example:
            >>> rows = Int8Rows.quantize(torch.tensor([[0.5, -1.0], [0.0, 0.0]]))
            >>> rows.codes.tolist()
            [[64, -127], [0, 0]]
        """
        scales = matrix.detach().abs().amax(dim=1, keepdim=True) / 127
        safe = torch.where(scales > 0, scales, torch.ones_like(scales))
        return cls((matrix.detach() / safe).round().to(torch.int8), scales)

    def dequantize(self) -> torch.Tensor:
        """The matrix again, float32."""
        return self.codes.float() * self.scales

    def matmul(self, vector: torch.Tensor) -> torch.Tensor:
        """``matrix @ vector``, (n_rows,), a block of rows at a time: the matrix is never whole in float32."""
        blocks = [block.float() @ vector for block in self.codes.split(_BLOCK)]
        return torch.cat(blocks) * self.scales[:, 0]

    @property
    def n_bytes(self) -> int:
        """What it takes in memory."""
        return self.codes.numel() + 4 * self.scales.numel()
