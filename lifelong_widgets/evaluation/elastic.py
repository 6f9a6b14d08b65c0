"""Elastic weight consolidation and naive fine-tuning: what replay is held against in a class."""

from __future__ import annotations

from collections import deque
from typing import Any

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKinds, Id
from lifelong_widgets.data.frames import Time
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation.learners import Learner
from lifelong_widgets.learning import OBJECTIVES, ElasticPenalty, Examples, examples_of_batch
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.updates import Update

STRENGTH = 10.0  # chosen on seed 0 of the recurring tastes, see docs/continual.md
_N_EXAMPLES = 1000


class ElasticLearner:
    """A `Recommender` that is held to its past by online EWC, with the verbs that an evaluation needs.

    `consolidate` says that a slice has ended: from then on each parameter is drawn back to where it is now,
    the more the more it mattered for the slice (see `ElasticPenalty`). Before, and at strength 0, it learns
    bit for bit as the `Recommender` of the same arguments does.

    It is a contrast for teaching, and made to be thrown away: no `save`, `fit`, `learn_many`, `frozen_twin`
    nor `undo`, and no journal. An event that fails leaves it as it was. Its memory is that of two more
    networks, and the last 1,000 examples of the slice.

    Args:
        catalog: The items; it may grow.
        strength: λ, how stiffly the past is held, from 0 to 1e9.
        decay: gamma, what an older slice's importance counts at each next consolidation, in [0, 1].
        kinds: What each kind of feedback is worth.
        seed: Of everything random.
        **hyperparameters: As for `Recommender`.

    Raises:
        DataError: A number out of range, or what `Recommender` refuses.

    Sources: see `ElasticPenalty`.

    >>> learner = ElasticLearner(Catalog.from_records({"item": item} for item in "abc"), embedding_dim=4)
    >>> learner.learn_one(Feedback("ada", "b", kind="like")).n_events
    1
    >>> learner.consolidate()
    >>> learner.penalty.value(learner.network)  # nothing has moved yet
    0.0
    >>> _ = learner.learn_one(Feedback("ada", "c", kind="like"))
    >>> learner.penalty.value(learner.network) > 0
    True
    """

    def __init__(
        self,
        catalog: Catalog,
        strength: float = STRENGTH,
        decay: float = 1.0,
        *,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        seed: int = 0,
        **hyperparameters: Any,
    ) -> None:
        self.penalty = ElasticPenalty(strength, decay)
        self._rec = Recommender(catalog, kinds=kinds, seed=seed, **hyperparameters)
        self._rec.updater.penalty = self.penalty
        self._slice: deque[Examples] = deque(maxlen=_N_EXAMPLES)

    @property
    def catalog(self) -> Catalog:
        """The items."""
        return self._rec.catalog

    @property
    def kinds(self) -> FeedbackKinds:
        """What each kind of feedback is worth."""
        return self._rec.kinds

    @property
    def users(self) -> IdIndex:
        """The people who are known."""
        return self._rec.users

    @property
    def network(self) -> Any:
        """The model, to be looked at."""
        return self._rec.network

    def recommend(
        self,
        user: Id,
        k: int = 10,
        exclude_seen: bool = True,
        reasons: bool = True,
        now: Time | None = None,
    ) -> Recommendations:
        """As `Recommender.recommend`."""
        return self._rec.recommend(user, k, exclude_seen, reasons, now)

    def learn_one(self, feedback: Feedback) -> Update:
        """As `Recommender.learn_one`, with the pull back to the past in the step; same errors."""
        examples = self._examples(feedback)
        update = self._rec.learn_one(feedback)
        if len(examples):
            self._slice.append(examples)
        return update

    def observe(self, feedback: Feedback) -> Update:
        """As `Recommender.observe`."""
        return self._rec.observe(feedback)

    def remembers(self, event: Feedback) -> bool:
        """As `Recommender.remembers`."""
        return self._rec.remembers(event)

    def consolidate(self) -> None:
        """The slice has ended: hold what mattered for it. `continual` calls this after each.

        Raises:
            DataError: No event that is worth anything was learned since the last time; nothing was changed.
        """
        examples = Examples.concatenate(list(self._slice)) if self._slice else None
        if examples is None:
            raise DataError("nothing to consolidate: no example was learned since the last time")
        self.penalty.consolidate(self._rec.network, examples, OBJECTIVES[self._rec.updater.objective])
        self._slice.clear()

    def _examples(self, feedback: Feedback) -> Examples:
        """What the event will teach, with the history before it."""
        given: object = feedback
        if not isinstance(given, Feedback):
            raise DataError(f"learn_one takes a Feedback, not a {type(given).__name__}")
        rec = self._rec
        person = rec.people.index_of(feedback.user)
        people = [len(rec.users) if person is None else person]
        reward = rec.kinds[feedback.kind].reward
        item = rec.catalog.index_of(feedback.item)
        return examples_of_batch(rec.histories, people, [item], [reward], rec.people.rows(people))


def continual_learners(
    catalog: Catalog, strength: float = STRENGTH, seed: int = 0, **hyperparameters: Any
) -> dict[str, Learner]:
    """Replay, naive fine-tuning and EWC, to be put through the same slices with `continual`.

    All three are the network alone (the fast memory forgets nothing and would hide what they do), begin with
    the same weights and take one step an event. The steps of ``"replay"`` are on batches of the new event and
    `replay_ratio` past ones, those of ``"naive"`` and ``"ewc"`` on the new event alone.

    Args:
        catalog: The items; each learner has a copy of its own, so that none sees what another met.
        strength: Of the pull of EWC.
        seed: Of all of them.
        **hyperparameters: Of all of them, as for `Recommender`; `replay_ratio` goes to replay only.

    Returns:
        The learners as ``"replay"``, ``"naive"`` and ``"ewc"``.

    Raises:
        DataError: What `ElasticLearner` refuses.

    >>> shelf = Catalog.from_records({"item": item} for item in "abc")
    >>> list(continual_learners(shelf, replay_ratio=24, learning_rate=0.01, embedding_dim=4))
    ['replay', 'naive', 'ewc']
    """
    settings = {**hyperparameters, **NETWORK_ALONE}
    alone = {**settings, "replay_ratio": 0}
    return {
        "replay": Recommender(catalog.subset(catalog.ids), seed=seed, **settings),
        "naive": Recommender(catalog.subset(catalog.ids), seed=seed, **alone),
        "ewc": ElasticLearner(catalog.subset(catalog.ids), strength, seed=seed, **alone),
    }
