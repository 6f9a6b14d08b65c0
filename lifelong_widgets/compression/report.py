"""What a compression costs and what it saves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CompressionReport:
    """A compressed copy against the live model, both measured when the copy was made.

    Attributes:
        method: how it was compressed.
        bytes_before: of what the live model ranks with: item table, projection, encoder, fast memory, gate.
        bytes_after: of the copy's.
        rank_us_before: median CPU microseconds of one live list of 10.
        rank_us_after: the same for the copy.
        overlap_at_10: mean share of the live list of 10 that the copy shows too.
        overlap_interval: its 95 % interval over people (normal approximation); equal bounds if they agree.
        n_people: how many people's lists were compared.
    """

    method: str
    bytes_before: int
    bytes_after: int
    rank_us_before: float
    rank_us_after: float
    overlap_at_10: float
    overlap_interval: tuple[float, float]
    n_people: int

    def __str__(self) -> str:
        low, high = self.overlap_interval
        return (
            f"{self.method}: {self.bytes_before:,} → {self.bytes_after:,} bytes "
            f"({self.bytes_before / self.bytes_after:.1f} × smaller), "
            f"{self.rank_us_before:.0f} → {self.rank_us_after:.0f} µs a list, "
            f"overlap@10 {self.overlap_at_10:.3f} [{low:.3f}, {high:.3f}] over {self.n_people} people"
        )
