"""A newspaper: stories that live for a day or two, and some that break."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import NEWS_KINDS
from lifelong_widgets.data.datasets.worlds.world import Rows, Vector, World, read_words, sigmoid
from lifelong_widgets.errors import DataError

_HOUR, _DAY = 3600.0, 86_400.0
_A_DAY = 30  # stories
_DAYS = 14.0  # of the log
_BREAKING = 0.05  # share of stories that everybody wants
_DEAD_AFTER = 48.0  # hours
_FADES = 12.0  # hours in which a story's worth falls by 1
_BIG, _GONE = 2.5, -12.0


class NewsWorld(World):
    """Readers with tastes for topics, and a stream of stories that grow old.

    A story is worth 1 less every twelve hours, and nothing after two days; before it is published nobody
    comes across it. One in twenty is breaking news, worth 2.5 more to everyone. What one took, one does not
    read again. The better it is liked, the likelier it is read to the end rather than clicked only.

    The clock stands still while people click; `advance` moves it and publishes what came in between.

    Attributes:
        breaking: the ids of the breaking stories.
    """

    name = "news-world"
    kinds = NEWS_KINDS

    def __init__(self, seed: int = 0, n_people: int = 200) -> None:
        self._topics = read_words("headlines.csv")
        super().__init__(
            Catalog(text="summary"),
            [topic[0] for topic in self._topics],
            seed,
            n_people,
            "reader",
        )
        self.breaking: tuple[str, ...] = ()
        self._past = [set() for _ in self.people]
        self._seed = seed

    def publish(self, days: float) -> None:
        """Put the stories of the next `days` into the catalogue; each has its own time in them."""
        self._sync()
        first, n = len(self.catalog), max(1, round(_A_DAY * days))
        rng = np.random.default_rng([self._seed, 2, first])
        times = self.clock + np.floor(np.sort(rng.uniform(0.0, days * _DAY, n)))
        stories: list[dict[str, object]] = []
        for number, time in enumerate(times.tolist(), start=first):
            topic, *parts = self._topics[int(rng.integers(len(self._topics)))]
            who, does, what = (str(rng.choice(part.split(","))) for part in parts)
            where = str(rng.choice(["in the north", "overseas", "in the capital", "by the sea"]))
            stories.append(
                {
                    "item": f"story-{number:04d}",
                    "title": f"{who.capitalize()} {does} {what}",
                    "categories": [topic],
                    "summary": f"{topic}: {who} {where} {does} {what}, after weeks of talk.",
                    "released": time,
                }
            )
        self.catalog.add(stories)
        big = rng.random(n) < _BREAKING
        self._quality = np.concatenate([self._quality, rng.normal(0.0, 0.5, n) + _BIG * big])
        self.breaking += tuple(f"story-{first + place:04d}" for place in np.flatnonzero(big))
        self._sync()

    def advance(self, hours: float) -> None:
        """Let time pass, and publish the stories of it.

        Raises:
            DataError: no positive number of hours.
        """
        if not 0.0 < hours < 1e5:
            raise DataError(f"hours={hours!r:.80}; time goes on by a positive number of hours, below 100,000")
        self.publish(hours / 24.0)
        self.clock += hours * _HOUR

    def _read(self, item: Item) -> tuple[float]:
        return (self.clock if item.released is None else item.released,)

    @property
    def _age(self) -> Vector:
        """(n_items,): the hours since each story was published; less than 0 before."""
        return np.asarray((self.clock - self._facts[:, 0]) / _HOUR)

    def _context(self, row: int, items: Rows) -> Vector:
        age = self._age[items]
        added: Vector = np.where((age < 0.0) | (age > _DEAD_AFTER), _GONE, -age / _FADES)
        return added + _GONE * np.isin(items, list(self._past[row]))

    def _reactions(self, row: int, item: int, worth: float) -> dict[str, float]:
        reads = sigmoid(worth - 1.0)
        return {"click": 1.0 - reads, "read": reads}

    def _remember(self, row: int, item: int, kind: str) -> None:
        self._past[row].add(item)

    def _on_shelf(self, row: int) -> Rows:
        age = self._age
        return np.setdiff1d(np.flatnonzero((age >= 0.0) & (age <= _DEAD_AFTER)), list(self._past[row]))


def news_world(seed: int = 0, n_people: int = 200, n_events: int = 8_000) -> Dataset:
    """Two weeks of thirty stories a day in ten topics, and readers who want them fresh.

    The truth is a `NewsWorld` at the end of the log. Everything is invented, by the authors of this package,
    and may be used freely.

    Args:
        seed: of everything random; the same seed gives the same log.
        n_people: how many readers there are.
        n_events: how many events the log has, at most: a story is read once.

    Raises:
        DataError: a number that cannot be.

    >>> paper = news_world(seed=1, n_people=20, n_events=200)
    >>> paper.catalog["story-0000"].released < paper.catalog["story-0009"].released, len(paper.catalog)
    (True, 420)
    """
    world = NewsWorld(seed, n_people)
    world.publish(_DAYS)
    return world.dataset(
        n_events, _DAYS, "A newspaper: stories that live for a day or two, topics, and breaking news."
    )
