"""A compressed recommender: nearly the same lists from a fraction of the bytes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import NoReturn

from lifelong_widgets.compression.encoders import FIRST_STEPS, modules_of, width_of
from lifelong_widgets.compression.following import Touched, parts_of
from lifelong_widgets.compression.live import Live, contexts_of
from lifelong_widgets.compression.methods import Distill, Methods, Plan, plan_of
from lifelong_widgets.compression.report import CompressionReport
from lifelong_widgets.compression.serving_file import parts_of_tree, tree_of
from lifelong_widgets.compression.serving_parts import ServingParts
from lifelong_widgets.compression.streams import restored, shrunk
from lifelong_widgets.compression.teaching import TuningSteps, tuning_steps
from lifelong_widgets.compression.tuning import linear_is_tuned, network_is_tuned
from lifelong_widgets.data import Catalog, Feedback, Id
from lifelong_widgets.data.feedback import feedback_of
from lifelong_widgets.data.frames import Time
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.errors import DataError, PrivacyError
from lifelong_widgets.files import replacing
from lifelong_widgets.models import Histories, one_thread
from lifelong_widgets.progress import ProgressCallback, held_interrupts
from lifelong_widgets.recommendations import Recommendations, check_flags, check_k, check_now
from lifelong_widgets.state_file import Tree, damage_of, packed, read_tree, write_tree

KIND = "lifelong-widgets serving copy"
VERSION = 4

_NOT_HERE = {
    **dict.fromkeys(
        ("learn_one", "learn_many", "fit"),
        "a copy does not learn: observe(user=…, item=…) lets its lists follow what people do, and follow() "
        "brings it up to date with the live model",
    ),
    **dict.fromkeys(
        ("undo", "forget"),
        "a copy takes nothing back by itself: call {name} on the live model, then follow() here",
    ),
    **dict.fromkeys(
        ("explain", "explain_list", "what_changed", "counterfactual", "influence", "values"),
        "a copy explains nothing: call {name} on the live model that it was made from",
    ),
}


class CompressedRecommender:
    """Recommends from a smaller copy of a model. Made by `Recommender.compress`, or read from its file.

    It learns nothing itself. `follow` brings it up to date with the model that it was made from: only the
    rows that were touched meanwhile are made anew. `observe` takes an event into a person's history, so that
    lists follow what people do also where there is no live model. What `save` writes is read by `load`,
    anywhere.

    Attributes:
        catalog: the items.
        parts: what it recommends with.
        report: what that costs and saves against the live model, measured when the copy was made. None for
            one that was loaded: the file holds what it takes to recommend and nothing else.

    Example:
        >>> import pandas as pd, tempfile
        >>> from lifelong_widgets.data import Catalog
        >>> from lifelong_widgets.recommender import Recommender
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> rec = Recommender(shelf, embedding_dim=8)
        >>> small = rec.compress(["low_rank:4", "int8"])
        >>> _ = rec.learn_one(user="ada", item=2, kind="like")
        >>> small.follow() > 0, 2 in small.recommend("ada", k=3).items
        (True, False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     small.save(folder + "/small.lws")
        ...     CompressedRecommender.load(folder + "/small.lws").recommend("ada", k=3).items
        (1, 3)
    """

    catalog: Catalog
    report: CompressionReport | None = None
    parts: ServingParts
    _known_as: Callable[[Id], Id]
    _touched: Touched
    _live: Live | None = None
    _seen: Histories | None = None
    _n_bytes: int | None = None

    def __init__(
        self,
        live: Live,
        methods: Methods | Plan = "int8",
        following: bool = True,
        progress: bool | ProgressCallback = False,
    ) -> None:
        plan = methods if isinstance(methods, Plan) else plan_of(methods)
        if live.privacy.on and (fitted := plan.fitted_to_histories):
            raise PrivacyError(
                f"{', '.join(fitted)} would be fitted to what people did, without noise, which voids what "
                "private learning promises: take methods that read the model alone, such as int8"
            )
        self._live, self.catalog, self._known_as = live, live.catalog, live.known_as
        self._touched = Touched()
        with tuning_steps(_n_steps(live, plan), progress) as steps:
            self.parts = ServingParts.of(live, plan, steps)
            self._watch(live)
        if following:
            live.followers.add(self._touched)

    @property
    def plan(self) -> Plan:
        """How it was made smaller."""
        return self.parts.plan

    @property
    def interrupted(self) -> bool:
        """Whether what `tune` or `distill` teach was stopped before its end, so that it knows less."""
        return self.parts.interrupted

    # ------------------------------------------------------------ serving

    @property
    def n_bytes(self) -> int:
        """How large its file is."""
        if self._n_bytes is None:  # LZMA over all of it
            self._n_bytes = len(packed(self._file()))
        return self._n_bytes

    @one_thread()
    def recommend(
        self,
        user: Id,
        k: int = 10,
        exclude_seen: bool = True,
        reasons: bool = False,
        now: float | None = None,
    ) -> Recommendations:
        """The best `k` items for a person, as `Recommender.recommend` gives them.

        Args:
            user: anybody.
            k: how many, at least 1.
            exclude_seen: leave out what the person has consumed.
            reasons: must be False: a copy gives none.
            now: the moment of the list, as for `Recommender.recommend`.

        Raises:
            DataError: `k` is not a whole number of at least 1, `user` is no id, `now` is no time, or reasons
                are asked for.
        """
        if reasons:
            raise DataError("a compressed copy gives no reasons: ask the recommender that it was made from")
        check_flags(exclude_seen=exclude_seen)
        k, now = check_k(k), check_now(now)
        person = self.parts.users.get(self._known_as(user))
        if not len(self.parts.network):
            return Recommendations(user, (), (), self.catalog)
        indices, scores = self.parts.ranker.best(person, k, exclude_seen, now)
        return Recommendations.of(user, indices, scores, self.catalog)

    def observe(
        self,
        feedback: Feedback | None = None,
        /,
        *more: object,
        user: Id | None = None,
        item: Id | None = None,
        kind: str = "click",
        time: Time | None = None,
        value: float | None = None,
        shown: Sequence[Id] | None = None,
        id: str | None = None,
    ) -> None:
        """Take an event into the person's history without learning from it; given as to the live `observe`.

        The next `follow` puts in its place what the live model knows of the person.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or an id that does not go with those known; or the item came after the
                copy was made, and it has not followed since.
        """
        event, parts = (
            feedback_of("observe", feedback, more, user, item, kind, time, value, shown, id),
            self.parts,
        )
        kind_of, row = parts.kinds[event.kind], self.catalog.index_of(event.item)
        if row >= len(parts.network):
            raise DataError(f"the item {event.item!r:.80} came after this copy: follow() first")
        code = list(parts.kinds).index(kind_of.name)
        self._n_bytes = None
        known = len(parts.users)
        person = parts.users.add(self._known_as(event.user))
        self._touched.person(person, known)
        parts.histories.append(person, row, kind_of.reward, code, kind_of.consumes, event.time)
        parts.ranker.changed()

    def __getattr__(self, name: str) -> NoReturn:
        """Say what to do instead of a verb of `Recommender` that a copy does not have."""
        why = _NOT_HERE.get(name, "a CompressedRecommender has no {name!r}")
        raise AttributeError(why.format(name=name))

    @one_thread()
    def follow(self) -> int:
        """Be up to date with the live model; returns how many rows were made anew.

        After clicks these are the rows that the clicks touched, whatever the size of the model, and the dense
        parameters. After a `fit`, `forget` or long `undo` everything is made anew. What ages (`low_rank`,
        ``pq``, ``hashed``) is also made anew whenever each of its rows was written four times, on average.

        The first Ctrl-C is held until it is done, or ends what ``tune`` and ``distill`` teach. After one that
        was stopped or failed the copy is as it was or has followed in part; the next one makes all anew.

        Raises:
            DataError: it was loaded from a file, so that there is no live model.
            KeyboardInterrupt: there was a Ctrl-C.
        """
        live = self._live
        if live is None:
            raise DataError("a copy from a file follows nobody: there is no live model beside it")
        with held_interrupts() as interrupt:
            steps = TuningSteps(interrupt=interrupt)
            whole = live.histories is not self._seen
            self._seen = self._n_bytes = None  # until it is done: what fails halfway is made anew
            n = self._become(live, steps) if whole else self.parts.follow(live, self._touched, steps)
            if steps.stopped:
                raise KeyboardInterrupt("given up while it was taught: the next follow() makes it anew")
            self._watch(live)
        if interrupt.is_set():
            signal.raise_signal(signal.SIGINT)
        return n

    def _become(self, live: Live, steps: TuningSteps) -> int:
        """Make everything anew beside what there is, and take it at once, unless `steps` are stopped."""
        fresh = ServingParts.of(live, self.plan, steps)
        if not steps.stopped:
            self.parts = fresh
        return self.parts.n_rows()

    def _watch(self, live: Live) -> None:
        """It is up to date: note what is touched from now on."""
        self._touched.watch(parts_of(live.memory, live.gate))
        self._touched.clear()
        self._seen = live.histories

    # ------------------------------------------------------------ its file

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything that it takes to recommend into one file: safetensors and JSON, never a pickle.

        Titles and categories of the items are in it, texts are not.

        Raises:
            FormatError: `path` is a folder, lies in one that does not exist, or cannot be a path.
            LifelongWidgetsError: the system refuses to write.
        """
        with replacing(path) as aside:
            write_tree(aside, self._file(), KIND, VERSION)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CompressedRecommender:
        """Read what `save` wrote. It needs no live model, and follows none.

        One that was made from a journal under pseudonyms knows people by these.

        Raises:
            FormatError: the file is missing, damaged, something else, or of another version.
        """
        tree = read_tree(path, KIND, VERSION, oldest=4, remedy="make it again with rec.compress")
        with damage_of(path):
            return cls.of_tree(restored(tree))

    def __repr__(self) -> str:
        """How it was made, and of what.

        >>> from lifelong_widgets.data import Catalog
        >>> from lifelong_widgets.recommender import Recommender
        >>> Recommender(Catalog.from_records([{"item": 1}, {"item": 2}]), embedding_dim=8).compress("int4")
        <CompressedRecommender: int4, 2 items, 0 people, follows a live recommender>
        """
        follows = "from a file" if self._live is None else "follows a live recommender"
        size = f"{len(self.parts.network):,} items, {len(self.parts.users):,} people"
        return f"<CompressedRecommender: {self.plan}, {size}, {follows}>"

    def _file(self) -> Tree:
        """What is written: ``float32`` as it is, all others by LZMA."""
        tree = self.tree()
        return tree if self.plan.bits == 32 else shrunk(tree)

    def tree(self) -> Tree:
        """What its file holds."""
        return tree_of(self.parts, self.catalog)

    @classmethod
    def of_tree(cls, tree: Tree) -> CompressedRecommender:
        """The copy of what `tree` gave; errors may be any."""
        made = cls.__new__(cls)
        made.parts, made.catalog = parts_of_tree(tree)
        made._known_as = lambda user: as_id(user, "user")
        made._touched = Touched()
        return made


def _n_steps(live: Live, plan: Plan) -> int:
    """How many steps a copy is taught by, when it is made."""
    network = live.network
    taught = FIRST_STEPS if isinstance(plan.encoder, Distill) else 0
    if plan.tuning is None:
        return taught
    modules, contexts = modules_of(network, width_of(network, plan.encoder)), contexts_of(live)
    tuned = network_is_tuned(network, modules, plan, len(contexts.items))
    return taught + plan.tuning.n_steps * (tuned + linear_is_tuned(live.memory.linear, plan, contexts))
