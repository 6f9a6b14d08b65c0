"""A community that votes on what its members write, and whose members follow those who think like them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.data.datasets.fields import COMMUNITY_KINDS
from lifelong_widgets.data.datasets.worlds.world import Rows, Vector, World, read_words
from lifelong_widgets.data.ids import Id
from lifelong_widgets.data.social import SocialGraph

_MORE = ("We should have more of {}: {}.", "Let us pay for {} at last; {}.", "I want {} in our quarter: {}.")
_LESS = ("We should stop {}: {}.", "No money for {}, please; {}.", "I am tired of {}: {}.")
_FOLLOWS = 8  # whom each member follows
_FIRMNESS = 2.5  # how surely an opinion decides the vote
_SEEN, _FOLLOWED, _LOYAL = -8.0, 1.5, 0.6
_CIRCLES = 3


class CommunityWorld(World):
    """Members with an opinion on each of eight topics; posts that are for or against something.

    Members belong to one of three circles that think alike, and follow eight others, the likelier the more
    alike they think (homophily: M. McPherson, L. Smith-Lovin and J. M. Cook, "Birds of a Feather", Annual
    Review of Sociology 27, 2001). They notice posts on topics they care for and posts of those they follow.
    A vote is agree, disagree or pass, by a softmax over opinion times stance; whom one follows gets the
    benefit of the doubt. One votes once on a post.

    Attributes:
        edges: pairs (who follows, who is followed).
        opinions: (n_people, n_topics) float64, from -1 (against) to 1 (for).
    """

    name = "community-world"
    kinds = COMMUNITY_KINDS

    def __init__(self, seed: int = 0, n_people: int = 200) -> None:
        topics = read_words("debates.csv")
        catalog = Catalog(text=("text", "author", "stance"))
        super().__init__(catalog, [topic[0] for topic in topics], seed, n_people, "member")
        circles = self._rng.choice([-0.8, 0.8], size=(_CIRCLES, len(topics)))
        spread = self._rng.normal(0.0, 0.3, (n_people, len(topics)))
        self.opinions = np.clip(circles[self._rng.integers(_CIRCLES, size=n_people)] + spread, -1.0, 1.0)
        catalog.add(self._posts(topics))
        self._quality = self._rng.normal(0.0, 0.5, len(catalog))
        self._follows = self._draw_follows()
        self.edges: tuple[tuple[Id, Id], ...] = tuple(
            (self.people[one], self.people[other]) for one, other in np.argwhere(self._follows).tolist()
        )
        self._past = [set() for _ in self.people]
        self._sync()

    def _posts(self, topics: list[list[str]]) -> list[dict[str, object]]:
        posts: list[dict[str, object]] = []
        for place, (topic, objects, why, why_not) in enumerate(topics):
            for wanted in objects.split(","):
                for side, forms, reason in ((1, _MORE, why), (-1, _LESS, why_not)):
                    for form in forms:
                        odds = np.exp(4.0 * side * self.opinions[:, place])  # who thinks so writes so
                        text = form.format(wanted, reason)
                        posts.append(
                            {
                                "item": f"post-{len(posts):03d}",
                                "title": text.split(":")[0].split(";")[0],
                                "categories": [topic],
                                "text": text,
                                "author": self.people[self._rng.choice(len(odds), p=odds / odds.sum())],
                                "stance": "for" if side > 0 else "against",
                            }
                        )
        return posts

    def _draw_follows(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        n = len(self.people)
        unit = self.opinions / np.linalg.norm(self.opinions, axis=1, keepdims=True).clip(1e-9)
        keys = 4.0 * unit @ unit.T + self._rng.gumbel(size=(n, n))  # the greatest: drawn without replacement
        np.fill_diagonal(keys, -np.inf)
        follows = np.zeros((n, n), dtype=bool)
        chosen = np.argsort(-keys, axis=1, kind="stable")[:, : min(_FOLLOWS, n - 1)]
        np.put_along_axis(follows, chosen, True, axis=1)
        return follows

    def _read(self, item: Item) -> tuple[float, float, float]:
        topic = next((self.categories.index(name) for name in item.categories if name in self.categories), -1)
        author = self._row.get(item.texts.get("author", ""), -1)
        return (
            float(topic),
            {"for": 1.0, "against": -1.0}.get(item.texts.get("stance", ""), 0.0),
            float(author),
        )

    def _context(self, row: int, items: Rows) -> Vector:
        author = self._facts[items, 2].astype(int)
        added: Vector = _FOLLOWED * (self._follows[row, author] & (author >= 0))
        return added + _SEEN * np.isin(items, list(self._past[row]))

    def _reactions(self, row: int, item: int, worth: float) -> dict[str, float]:
        topic, stance, author = self._facts[item]
        opinion = self.opinions[row, int(topic)] * stance if topic >= 0 else 0.0
        trust = _LOYAL if author >= 0 and self._follows[row, int(author)] else 0.0
        odds = np.exp([_FIRMNESS * opinion + trust, -_FIRMNESS * opinion - trust, 0.0])
        return dict(zip(("agree", "disagree", "pass"), (odds / odds.sum()).tolist(), strict=True))

    def _remember(self, row: int, item: int, kind: str) -> None:
        self._past[row].add(item)

    def _on_shelf(self, row: int) -> Rows:
        return np.setdiff1d(np.arange(len(self.catalog)), list(self._past[row]))

    def _value(self, item: int, kind: str) -> float:
        return {"agree": 1.0, "disagree": -1.0, "pass": 0.0}[kind]


def community_world(seed: int = 0, n_people: int = 200, n_events: int = 8_000) -> Dataset:
    """192 posts on eight topics, for and against, by members who follow each other, and their votes.

    The truth is a `CommunityWorld`; who follows whom is its `edges`, and the `graph`. Everything is
    invented, by the authors of this package, and may be used freely.

    Args:
        seed: of everything random; the same seed gives the same log.
        n_people: how many members there are.
        n_events: how many votes the log has, at most: one votes once on a post.

    Raises:
        DataError: a number that cannot be.

    >>> town = community_world(seed=1, n_people=30, n_events=200)
    >>> town.catalog["post-000"].texts["text"]
    'We should have more of night buses: people without a car need them.'
    >>> town.graph, sorted(town.interactions.kind_names)
    (SocialGraph(240 edges among 30 people), ['agree', 'disagree', 'pass'])
    """
    world, graph = CommunityWorld(seed, n_people), SocialGraph()
    for edge in world.edges:
        graph.add(*edge)
    what = "A community: posts with authors, followers who think alike, votes."
    return replace(world.dataset(n_events, 60.0, what), graph=graph)
