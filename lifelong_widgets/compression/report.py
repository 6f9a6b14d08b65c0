"""What a compression costs and what it saves."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import NamedTuple

SMALL_NET = (
    "A smaller model can also be trained as such. Hold this against the best one of the same bytes: on three "
    "logs that was as good once, better once and worse once (docs/compression.md says how)."
)


class Kept(NamedTuple):
    """A number with its 95 % interval; NaN for both ends where there are too few people to say.

    >>> str(Kept(0.987, 0.98, 0.995))
    '0.987 [0.980, 0.995]'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class CompressionReport:
    """A compressed copy against the live model, both measured when the copy was made.

    Attributes:
        method: how it was compressed.
        bytes_before: of a file in float32 of all that the live model serves with: what ``float32`` writes.
        bytes_live: of the same with the empty places that the live model keeps, in its tables of neighbours
            and in histories.
        bytes_after: of the copy's file: items, people, histories and all.
        rank_us_before: median CPU microseconds of one live list of 10; the interval is by order statistics.
        rank_us_after: the same for the copy.
        overlap_at_10: mean share of the live list of 10 that the copy shows too.
        ndcg_kept: nDCG@10 of the copy over that of the live model, on the same events; None without any.
        hit_rate_kept: the same of HR@10.
        ndcg_live: nDCG@10 of the live model.
        n_lists: how many lists were compared.
        n_people: whose; all intervals but those of times take them for a sample of all people (bootstrap).
        interrupted: whether what ``tune`` or ``distill`` teach was stopped before its end.
        note: what is to be known of the method here, such as that it leaves out nothing.
    """

    method: str
    bytes_before: int
    bytes_live: int
    bytes_after: int
    rank_us_before: Kept
    rank_us_after: Kept
    overlap_at_10: Kept
    ndcg_kept: Kept | None
    hit_rate_kept: Kept | None
    ndcg_live: float
    n_lists: int
    n_people: int
    interrupted: bool = False
    note: str = ""

    @property
    def ratio(self) -> float:
        """How many times smaller the file is than one in float32."""
        return self.bytes_before / self.bytes_after

    @property
    def ratio_live(self) -> float:
        """How many times smaller the file is than what the live model holds, empty places and all."""
        return self.bytes_live / self.bytes_after

    def rows(self) -> list[tuple[str, str]]:
        """What there is to say, line by line: what, and how much."""
        measured = [("interrupted", "it was taught less than it was asked for")] if self.interrupted else []
        measured += [("note", self.note)] if self.note else []
        measured += [
            ("file", f"{self.bytes_before:,} → {self.bytes_after:,} bytes, {self.ratio:.1f} × smaller"),
            ("with empty places", f"{self.bytes_live:,} bytes before, {self.ratio_live:.1f} × smaller"),
            ("a list of 10", f"{self.rank_us_before.value:.0f} → {self.rank_us_after.value:.0f} µs"),
        ]
        if self.ndcg_kept is not None:
            measured.append(("nDCG@10 kept", f"{self.ndcg_kept} of {self.ndcg_live:.4f}"))
            measured.append(("HR@10 kept", str(self.hit_rate_kept)))
        measured.append(("overlap@10", str(self.overlap_at_10)))
        of = "lists before held-out events" if self.ndcg_kept is not None else "lists"
        note = "" if self.ndcg_kept is not None else "; no held_out events were given, so no quality is known"
        return [*measured, ("measured on", f"{self.n_lists:,} {of} of {self.n_people:,} people{note}")]

    def __str__(self) -> str:
        lines = "\n".join(f"  {what:<21}{how_much}" for what, how_much in self.rows())
        return f"{self.method}\n{lines}\n  {SMALL_NET}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th style='text-align:left'>{html.escape(what)}</th>"
            f"<td style='text-align:left'>{html.escape(how_much)}</td></tr>"
            for what, how_much in self.rows()
        )
        return (
            f"<table><caption>{html.escape(self.method)}</caption>{cells}</table>"
            f"<p><small>{html.escape(SMALL_NET)}</small></p>"
        )
