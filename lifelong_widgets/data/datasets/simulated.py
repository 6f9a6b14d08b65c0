"""Half a year of simulated people choosing among the items of a catalogue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifelong_widgets.data.catalog import Catalog
from lifelong_widgets.data.datasets.tastes import Matrix, TasteTruth, draw_tastes, swapped
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.errors import DataError

_START = pd.Timestamp("2024-01-01", tz="UTC").timestamp()
_DAYS = 180
_ON_DISPLAY = 0.12  # the share of the items that a person comes across at one visit
_KINDS = ("click", "like", "purchase")


def simulated_log(
    rng: np.random.Generator,
    catalog: Catalog,
    shares: Matrix,
    categories: tuple[str, ...],
    *,
    n_people: int,
    n_events: int,
    drift_at: float | None,
    name: str,
) -> tuple[Interactions, TasteTruth]:
    """A log over `catalog`, and the tastes behind it.

    At each event a person comes across a random eighth of the items and takes the one of the greatest utility
    plus Gumbel noise (a softmax choice), never one that they have had, until they have had half of them. The
    better they like it, the likelier is a like or a purchase rather than a click.

    Args:
        rng: of everything random.
        catalog: what is chosen from.
        shares: (n_items, n_categories), the share of each category in each item (see `membership`).
        categories: what tastes are about; the catalogue need not know them.
        n_people: how many people there are.
        n_events: how many events the log has.
        drift_at: the fraction of the events after which the fashion turns (see `swapped`), or None for never.
        name: of a person, before the number.

    Raises:
        DataError: a count below 1, or a fraction outside (0, 1).

    >>> shop = Catalog.from_records([{"item": "fog"}, {"item": "tide"}])
    >>> log, truth = simulated_log(
    ...     np.random.default_rng(0), shop, np.eye(2), ("Crime", "Sea"),
    ...     n_people=3, n_events=7, drift_at=None, name="reader")
    >>> len(log), truth.people
    (7, ('reader-001', 'reader-002', 'reader-003'))
    """
    if n_events < 1:
        raise DataError(f"n_events={n_events}; a log has at least 1 event")
    if drift_at is not None and not 0 < drift_at < 1:
        raise DataError(
            f"drift_at={drift_at}; it is a fraction of the events in (0, 1), or None for no drift"
        )
    before = draw_tastes(rng, n_people, len(categories))
    after = before if drift_at is None else swapped(before)
    quality = rng.normal(0.0, 0.7, len(catalog))

    activity = rng.lognormal(0.0, 0.5, n_people)
    visitors = rng.choice(n_people, size=n_events, p=activity / activity.sum())
    times = _START + np.floor(np.sort(rng.uniform(0, _DAYS * 86_400, n_events)))
    first_after = n_events if drift_at is None else int(drift_at * n_events)
    utilities = np.stack([before, after]) @ shares.T + quality
    chosen, worth = _choices(rng, visitors, first_after, utilities)

    width = max(3, len(str(n_people)))
    people = tuple(f"{name}-{number:0{width}d}" for number in range(1, n_people + 1))
    keen = np.clip((worth - 1.0) / 4.0, 0.0, 1.0) * rng.uniform(size=n_events)
    kinds = np.digitize(keen, [0.3, 0.55])
    log = Interactions.from_pandas(
        pd.DataFrame(
            {
                "user": [people[visitor] for visitor in visitors],
                "item": [catalog.ids[item] for item in chosen],
                "time": times,
                "kind": [_KINDS[kind] for kind in kinds],
            }
        ),
        catalog=catalog,
    )
    drift_time = None if first_after >= n_events else float(times[first_after])
    return log, TasteTruth(people, categories, before, after, shares, quality, drift_time)


def _choices(
    rng: np.random.Generator, people: npt.NDArray[np.int64], first_after: int, utilities: Matrix
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The item of each event and what it was worth; `utilities` is (before or after, person, item)."""
    _, n_people, n_items = utilities.shape
    seen = np.zeros((n_people, n_items), dtype=bool)
    items = np.empty(len(people), dtype=np.int64)
    worth = np.empty(len(people))
    by_person = np.argsort(people, kind="stable")
    counts = np.bincount(people, minlength=n_people)
    starts = np.cumsum(counts) - counts
    # all first events of the people at once, then all second ones, …: each depends on the person's own past
    for turn in range(counts.max()):
        who = np.flatnonzero(counts > turn)
        events = by_person[starts[who] + turn]
        wanted = utilities[(events >= first_after).astype(np.int64), who]
        displayed = rng.uniform(size=wanted.shape) < _ON_DISPLAY
        # what is not on display is only taken if nothing else is left
        drawn = wanted + rng.gumbel(size=wanted.shape) - 1e3 * ~displayed
        drawn[seen[who]] = -np.inf
        chosen = drawn.argmax(axis=1)
        items[events] = chosen
        worth[events] = wanted[np.arange(len(who)), chosen]
        seen[who, chosen] = True
        seen[seen.sum(axis=1) * 2 >= n_items] = False
    return items, worth
