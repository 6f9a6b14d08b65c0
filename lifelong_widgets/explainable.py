"""An engine that can be asked why its lists are as they are."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import ref

import numpy as np

from lifelong_widgets.data import Id
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.frames import Time
from lifelong_widgets.durable import DurableEngine
from lifelong_widgets.errors import DataError, PrivacyError, UnknownItemError
from lifelong_widgets.explanation import (
    Changes,
    Counterfactual,
    Explainer,
    Explanation,
    Lessons,
    ListExplanation,
)
from lifelong_widgets.models import one_thread
from lifelong_widgets.recommendations import check_flags, check_k, check_now
from lifelong_widgets.value import ItemValue, ItemValues


class ExplainableEngine(DurableEngine):
    """An engine whose lists can be asked about: what they are made of, what moved them, what would.

    No question changes anything, and nothing is kept for one that was not asked.
    """

    @one_thread()
    def explain(self, user: Id, item: Id, now: Time | None = None) -> Explanation:
        """Why an item has the score that it has for a person: amounts that add up to it.

        What the two memories add, and by that each past event and each feature of the item. Nothing changes.

        Args:
            user: anybody; who was never seen has no events.
            item: any, also one that is not in their list.
            now: the moment of the list, as in `recommend`.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: `user` is not an id, or `now` is not a time.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> from lifelong_widgets.recommender import Recommender
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8)
            >>> _ = [rec.learn_one(user=user, item=item, kind="like") for user in "ab" for item in (2, 3)]
            >>> _ = rec.learn_one(user="ada", item=2, kind="like")
            >>> why = rec.explain("ada", 3)
            >>> abs(sum(why.parts.values()) - why.score) < 1e-5, [event.title for event in why.events]
            (True, ['Bee'])
        """
        now = check_now(now)
        self._sync_with_catalog()
        person, target = self._asked_about(user, item)
        return self._explainer().explain(user, person, target, now)

    @one_thread()
    def explain_list(self, user: Id, k: int = 10, now: Time | None = None) -> ListExplanation:
        """What the scores of a whole list are made of; and what `what_changed` needs to know what was.

        Args:
            user: whose list.
            k: how long it is.
            now: the moment of the list, as in `recommend`.

        Raises:
            DataError: `k` is not a whole number of at least 1, `user` is not an id, or `now` is not a time.
        """
        k, now = check_k(k), check_now(now)
        self._sync_with_catalog()
        return self._explainer().explain_list(user, self.people.index_of(self.known_as(user)), k, now)

    @one_thread()
    def what_changed(self, before: ListExplanation, now: Time | None = None) -> Changes:
        """What has moved a person's list since: by how much, and which part of the score moved each item.

        Whatever was learned between, theirs or others', counts, and so does the time that has gone by. It
        costs nothing unless it is asked for.

        Args:
            before: what `explain_list` gave.
            now: the moment of the list that it is compared with, as in `recommend`.

        Raises:
            DataError: `before` is something else, or of another recommender (such as a twin, or one that was
                loaded), or `now` is not a time.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> from lifelong_widgets.recommender import Recommender
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8)
            >>> before = rec.explain_list("ada")
            >>> _ = rec.learn_one(user="ada", item=before[0].item, kind="like")
            >>> [change.after for change in rec.what_changed(before)]
            [1, 2, None]
        """
        if not isinstance(before, ListExplanation):
            raise DataError(f"what_changed takes what explain_list gave, not a {type(before).__name__}")
        if before.owner is None or before.owner() is not self:
            raise DataError(
                f"this list of {brief(before.user)} was explained by another recommender (a loaded copy "
                f"and a twin are others, too): begin with explain_list({before.user!r:.80}) of this one"
            )
        now = check_now(now)
        self._sync_with_catalog()
        return self._explainer().what_changed(before, self.people.index_of(self.known_as(before.user)), now)

    @one_thread()
    def counterfactual(self, user: Id, item: Id, k: int = 10, now: Time | None = None) -> Counterfactual:
        """The fewest of a person's past events without which an item would not be in their list.

        They are found by leaving events out of the past and making the list again; see `Counterfactual` for
        what that means. At most a thousand lists are made; Ctrl-C ends the search with what it has found.

        Args:
            user: whose list.
            item: which is in it.
            k: how long it is.
            now: the moment of the list, as in `recommend`.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: it is not in ``recommend(user, k, now=now)``, or `k`, `user` or `now` are none.
        """
        k, now = check_k(k), check_now(now)
        self._sync_with_catalog()
        person, target = self._asked_about(user, item)
        return self._explainer().counterfactual(user, person, target, k, now)

    @one_thread()
    def influence(self, user: Id, item: Id, n: int = 5) -> Lessons:
        """Which events of the replay buffer teach the network to recommend an item to a person, or not to.

        At most 2,000 events are looked at, evenly spaced; Ctrl-C ends it with those so far. It is of the
        network only, and says what a step on each event would do *now*, as the optimizer takes it, and not
        what each has taught so far; see `Lessons`.

        Args:
            user: anybody.
            item: which.
            n: how many of either.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: `n` is not a whole number of at least 1, or `user` is not an id.
            PrivacyError: learning is private: what others did is not to be seen.
        """
        if self.privacy.on:
            raise PrivacyError("influence shows single events of others, which private learning hides")
        self._sync_with_catalog()
        person, target = self._asked_about(user, item)
        return self._explainer().influence(user, person, target, check_k(n, "n"), self.buffer, self.updater)

    @one_thread()
    def values(
        self,
        user: Id,
        items: int | Sequence[Id] = 10,
        exclude_seen: bool = True,
        now: Time | None = None,
    ) -> ItemValues:
        """What the places in a list are made of: the chance of each item, its value, and how sure that is.

        Args:
            user: anybody.
            items: so many of the best, or these items by their ids, best first in any case.
            exclude_seen: leave out what the person has consumed, where the best are asked for.
            now: the moment of the list, as in `recommend`.

        Raises:
            DataError: there is no `discount`, so that there are no values; `items` are not such, or `now` is
                not a time.
            UnknownItemError: an item is not in the catalogue.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> from lifelong_widgets.recommender import Recommender
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8, discount=0.9)
            >>> _ = [rec.learn_one(user="ada", item=item, kind="like") for item in (2, 1)]
            >>> listed = rec.recommend("ada", k=3, exclude_seen=False)
            >>> tuple(row.item for row in rec.values("ada", [1, 2, 3])) == listed.items
            True
        """
        if not self.value.on:
            raise DataError(
                "there are no values without a discount: make the recommender with one, such as "
                "Recommender(catalog, discount=0.9)"
            )
        now = check_now(now)
        check_flags(exclude_seen=exclude_seen)
        self._sync_with_catalog()
        person = self.people.index_of(self.known_as(user))
        if isinstance(items, (str, bytes)):
            raise DataError(f"items is how many, or a sequence of ids, not {items!r:.80}")
        if isinstance(items, Sequence):
            chosen = np.array([self.index_of(item) for item in items], dtype=np.int64)
            if len(np.unique(chosen)) != len(chosen):
                raise DataError("an item is there twice")
        else:
            chosen = self.ranker.best(person, check_k(items, "items"), exclude_seen, now)[0]
        look = self.ranker.look(person, now)
        chances = self.ranker.click_chances(person, chosen, now)
        worth, gained = np.full(len(chosen), np.nan), np.full(len(chosen), np.nan)
        if look.values is not None:
            worth = look.values[chosen].astype(np.float64)
            gained = worth - self.value.substitution * max(look.state_value, 0.0)
        errors, rows = self.value.td_errors(chosen), []
        order = range(len(chosen))  # as in the list
        if isinstance(items, Sequence):
            scores = [self.ranker.score_of(person, item, now) for item in chosen.tolist()]
            order = np.argsort(-np.array(scores), kind="stable").tolist()
        for place in order:
            item = self.catalog[self.catalog.ids[chosen[place]]]
            numbers = (float(column[place]) for column in (chances, worth, chances * gained, errors))
            rows.append(ItemValue(item.id, item.title, *numbers))
        value = self.value
        return ItemValues(user, rows, look.state_value, value.discount, value.substitution, value.td_error)

    # ------------------------------------------------------------------------------------------ in here

    def _asked_about(self, user: Id, item: Id) -> tuple[int | None, int]:
        """The index of a person, None if they are new, and the row of an item."""
        person = self.people.index_of(self.known_as(user))
        if item not in self.catalog and user in self.catalog and self.known_as(item) in self.users:
            raise UnknownItemError(
                f"there is no item {brief(item)}, but a person of that id, and {brief(user)} is an item: "
                "first the person, then the item"
            )
        return person, self.index_of(item)

    def _explainer(self) -> Explainer:
        return Explainer(
            self.network,
            self.ranker,
            self.histories,
            self.features,
            self.catalog,
            tuple(self._kinds),
            ref(self),
        )
