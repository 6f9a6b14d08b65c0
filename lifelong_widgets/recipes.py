"""Recipes: where to begin in each of four fields, with a reason for every setting.

They differ from the defaults in one to four settings: `Recipe` says why so few, and which.

>>> import lifelong_widgets as lw
>>> lw.recipes.list()
['e-commerce', 'news', 'online-education', 'social-media']
>>> recipe = lw.recipes.get("news")
>>> data = lw.datasets.load(recipe.world, n_people=20, n_events=200)
>>> rec = recipe.recommender(data.catalog, epochs=1)
>>> rec.fit(data.interactions, progress=False).epochs
1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from lifelong_widgets.assembly import make_parts
from lifelong_widgets.data import Catalog, FeedbackKinds
from lifelong_widgets.data.datasets.fields import COMMUNITY_KINDS, COURSE_KINDS, NEWS_KINDS, SHOP_KINDS
from lifelong_widgets.data.display import html_table
from lifelong_widgets.errors import DataError, closest
from lifelong_widgets.parts import hyperparameters
from lifelong_widgets.recommender import Recommender


class Choice(NamedTuple):
    """A setting and why it is so."""

    value: Any
    why: str


@dataclass(frozen=True, repr=False)
class Recipe:
    """Where to begin in a field.

    A setting says what the data of a field are like: which columns there are, whether people come back to the
    same item, how long an item lives. No number was tuned, and a setting that had a reason, but took away
    from the hit rate in the simulated world of its field, was left out. So few differ from the defaults, and
    `differs` has those: the defaults are to suit every field. Of what one might expect in a field and does
    not find, `left` says why.

    Attributes:
        name: of the field.
        purpose: what it is for.
        kinds: what people do, and what it is worth. A kind that does not *consume* may be recommended again.
        settings: hyperparameters of `Recommender` by name, the choice of featurizers among them; also those
            that a field relies on and that are the defaults.
        left: hyperparameters that stay at their defaults though the field has data for them, and why.
        world: the simulated data set whose truth is known.
        logs: the real data sets of this field.
    """

    name: str
    purpose: str
    kinds: FeedbackKinds
    settings: Mapping[str, Choice]
    world: str
    logs: tuple[str, ...]
    left: Mapping[str, str]

    @property
    def differs(self) -> dict[str, Any]:
        """The settings that are not the defaults.

        >>> get("social-media").differs
        {'social_features': 'author'}
        """
        defaults = {known.name: known.default for known in hyperparameters(make_parts({}))}
        return {name: value for name, value in self.hyperparameters.items() if value != defaults[name]}

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The values of `settings`, as keyword arguments of `Recommender`."""
        return {name: choice.value for name, choice in self.settings.items()}

    def recommender(
        self, catalog: Catalog, seed: int = 0, kinds: FeedbackKinds | None = None, **overrides: Any
    ) -> Recommender:
        """A recommender of these items with these kinds and settings; `overrides` count more.

        Args:
            catalog: the items.
            seed: of everything random.
            kinds: yours in place of the recipe's, such as ``recipe.kinds.with_kind(…)`` or ``log.kinds``.
            **overrides: hyperparameters.

        Raises:
            DataError: an override that no part has, or something else than a catalogue.
            SettingError: one that is out of bounds.
        """
        settings = {**self.hyperparameters, **overrides}
        return Recommender(catalog, kinds=self.kinds if kinds is None else kinds, seed=seed, **settings)

    def _rows(self) -> Sequence[tuple[str, str, str]]:
        kinds = [
            (kind.name, f"{kind.reward:+g}", "done with afterwards" if kind.consumes else "may come again")
            for kind in self.kinds.values()
        ]
        differs = self.differs
        settings = [
            (name, str(choice.value) if name in differs else f"{choice.value} (default)", choice.why)
            for name, choice in self.settings.items()
        ]
        return [*kinds, *settings, *((name, "(default)", why) for name, why in self.left.items())]

    def _foot(self) -> str:
        return f"differs from the defaults in {', '.join(self.differs)}; the rest suits every field"

    def __repr__(self) -> str:
        width, wide = (max(len(row[column]) for row in self._rows()) for column in (0, 1))
        lines = [f"  {name:<{width}}  {value:<{wide}}  {why}" for name, value, why in self._rows()]
        head = f"Recipe {self.name!r}: {self.purpose}"
        foot = f"  try it on {', '.join((self.world, *self.logs))}"
        return "\n".join([head, *lines, f"  {self._foot()}", foot])

    def _repr_html_(self) -> str:
        rows = [
            *self._rows(),
            ("in all", "", self._foot()),
            ("try it on", ", ".join((self.world, *self.logs)), ""),
        ]
        head = ("kind or setting", "reward or value", "why")
        return html_table(f"{self.name}: {self.purpose}", head, rows, longest=_LONGEST)


_LONGEST = 120  # characters of a reason
_CATEGORIES = "what is new has no history, but it has a category"


def _recipe(
    name: str,
    purpose: str,
    kinds: FeedbackKinds,
    settings: dict[str, Choice],
    world: str,
    logs: tuple[str, ...],
    left: dict[str, str],
) -> Recipe:
    return Recipe(name, purpose, kinds, MappingProxyType(settings), world, logs, MappingProxyType(left))


_RECIPES = {
    recipe.name: recipe
    for recipe in (
        _recipe(
            "e-commerce",
            "purchases and baskets, where things go together and are bought again",
            SHOP_KINDS,
            {
                "text_features": Choice("tfidf", "titles of products are names: words weigh by rarity"),
                "categories_features": Choice("multi_hot", _CATEGORIES),
                "use_repeats": Choice(True, "soap is bought again, by the same person"),
                "use_successors": Choice(True, "a basket is filled line by line: one thing leads to another"),
                "behavior_features": Choice(
                    "item2vec", "what lands in one basket is alike, whatever it is called (needs `[text]`)"
                ),
                "history_length": Choice(100, "a single invoice can have fifty lines"),
            },
            "shop-world",
            ("online-retail-ii",),
            {"person_features": "none was shown to help on online-retail-ii (docs/ablation.md)"},
        ),
        _recipe(
            "social-media",
            "votes on what people write, and what members of a community take up",
            COMMUNITY_KINDS,
            {
                "text_features": Choice("tfidf", "a post is its text"),
                "categories_features": Choice("multi_hot", "people care for topics"),
                "social_features": Choice(
                    "author",
                    "people follow people: a new post has its author at once (needs `[text]`)",
                ),
            },
            "community-world",
            ("polis", "ifdb"),
            {
                # community-world, a fit to 1,500 events, then 1,500 online, four seeds, 2,683 lists: 0.421
                # without, 0.413 with neighbor_tastes, 0.423 with node_embedding (of one seed, from -0.012 to
                # +0.008); docs/features.md has what edges are worth to newcomers of a world made for them
                "person_features": "who follows whom did not help: HR@10 0.42 without, 0.41 and 0.42 with"
            },
        ),
        _recipe(
            "online-education",
            "lessons that build on one another, watched or left",
            COURSE_KINDS,
            {
                "text_features": Choice("tfidf", "transcripts share the words of their subject"),
                "categories_features": Choice("multi_hot", "subjects and levels"),
                "history_length": Choice(100, "what was watched a term ago is still the ground to build on"),
                "use_successors": Choice(True, "lessons have an order"),
            },
            "course-world",
            ("mars",),
            {"person_features": "none was shown to help on mars (docs/ablation.md)"},
        ),
        _recipe(
            "news",
            "stories that live for a day or two",
            NEWS_KINDS,
            {
                "text_features": Choice(
                    "tfidf", "most of the stories to rank were read by hardly anybody yet"
                ),
                "categories_features": Choice("multi_hot", _CATEGORIES),
                "stop_words": Choice(
                    True, "summaries are sentences: most of their words say nothing of the topic"
                ),
                "history_length": Choice(20, "who reads news follows what the news are about these days"),
                "retention": Choice("recent", "nobody will read again what was read last month"),
            },
            "news-world",
            ("idea", "mind", "ebnerd"),
            {"behavior_features": "they say nothing of a story that nobody has read yet (docs/ablation.md)"},
        ),
    )
}


def list() -> Sequence[str]:
    """The names that `get` knows.

    >>> list()
    ['e-commerce', 'news', 'online-education', 'social-media']
    """
    return sorted(_RECIPES)


def get(name: str) -> Recipe:
    """The recipe of a field.

    Raises:
        DataError: there is none of this name.

    >>> get("news")
    Recipe 'news': stories that live for a day or two
      click                +0.5       done with afterwards
      read                 +1         done with afterwards
    ...
    >>> get("new")
    Traceback (most recent call last):
    ...
    lifelong_widgets.errors.DataError: there is no recipe 'new'; did you mean 'news'? Known are e-commerce, \
news, online-education, social-media.
    """
    if name not in _RECIPES:
        hint = closest(name, _RECIPES) or "."
        raise DataError(f"there is no recipe {name!r:.80}{hint} Known are {', '.join(sorted(_RECIPES))}.")
    return _RECIPES[name]
