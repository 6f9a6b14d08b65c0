"""Was this person in what the model has learned? An attack that anyone can run on their own model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, FeedbackKinds, Id, Interactions
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import DataError, DataWarning, warn
from lifelong_widgets.featurizers import LivePeople
from lifelong_widgets.memory import Content, EpisodicMemory, Gate, Ranker
from lifelong_widgets.models import Histories, Network, one_thread
from lifelong_widgets.privacy.membership_report import Attack, MembershipReport
from lifelong_widgets.privacy.roc import auc, auc_interval, tpr_at

_LEAST = 1e-12  # of a chance, before its logarithm is taken
_FPR = 0.01


@runtime_checkable
class Attacked(Protocol):
    """What the attack asks: a `Recommender` is one."""

    @property
    def network(self) -> Network:
        """The slow memory."""

    @property
    def memory(self) -> EpisodicMemory:
        """The fast one."""

    @property
    def gate(self) -> Gate:
        """What weighs the two."""

    @property
    def kinds(self) -> FeedbackKinds:
        """What feedback is worth."""

    catalog: Catalog
    content: Content
    users: IdIndex
    histories: Histories
    people: LivePeople

    def known_as(self, user: Id) -> Id:
        """The name under which a person is known."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one group's events score: (n,) each; `people` are places in `users`."""

    users: tuple[Id, ...]
    people: NDArray[np.int64]
    items: NDArray[np.int64]
    scores: NDArray[np.float64]


@one_thread()
def audit(
    rec: Attacked,
    members: Interactions | None = None,
    non_members: Interactions | None = None,
    *,
    reference: Attacked | None = None,
    max_events: int = 2000,
) -> MembershipReport:
    """How well somebody who may ask the model can tell whom it has learned from.

    Each positive event is asked for: with what came before it in its log as the history, how likely does the
    model hold the item that came next? A model that has learned by heart is surer of what it has seen, or,
    now and then, less sure: either tells, and the attack is turned round then (`Attack.turned`). Three
    numbers are thresholded, of single events and of people (the mean of theirs):

    * ``loss``: that log chance. S. Yeom et al., "Privacy risk in machine learning: analyzing the connection
      to overfitting", CSF 2018.
    * ``calibrated``: less how easy the item is: the log of its share of the events of both groups, this
      event left out; or less the log chance that `reference` gives it. L. Watson et al., "On the importance
      of difficulty calibration in membership inference attacks", ICLR 2022.
    * ``blind``: how easy the item is and nothing else. It does not ask the model, so where it finds anything
      the two groups differ by themselves, and the other numbers prove nothing. D. Das, J. Zhang and F.
      Tramèr, "Blind baselines beat membership inference attacks for foundation models", 2024.

    It changes nothing. The whole recommender is attacked, its fast memory and what the gate knows of single
    people as well, with the ids of the people and every score: more than who only sees lists has.

    Args:
        rec: the model.
        members: some of what it has learned. Needed, as are the others.
        non_members: as much that it has not, of *the same kind*: people drawn at random from the same log.
            Those of another month, or of another shop, are told apart by that.
        reference: a recommender of other people of the same kind, to calibrate by.
        max_events: of each group, its people in turn; each costs a list.

    Raises:
        DataError: one of the two logs is not given; a group has no positive event of a known item and two
            people, or they share an event; `rec` knows people of `non_members` and none of `members`, which
            are the wrong way round then; or `rec` or `reference` is no recommender.

    Warns:
        DataWarning: `rec` knows none of the members, so that it can give nobody away; or people are in both
            groups.

    Example:
        >>> import lifelong_widgets as lw
        >>> data = lw.datasets.load("bookshop")
        >>> users = data.interactions.user_codes
        >>> inside, outside = (data.interactions.take(users % 2 == n) for n in (0, 1))
        >>> rec = lw.Recommender(data.catalog, embedding_dim=8, hidden_dim=8)
        >>> _ = rec.learn_many(inside[:100], progress=False)
        >>> report = lw.privacy.audit(rec, inside, outside, max_events=100)
        >>> report["loss", "people"].auc < 1.0
        True
    """
    if isinstance(max_events, bool) or not isinstance(max_events, (int, np.integer)) or max_events < 1:
        raise DataError(f"max_events is {max_events!r:.80}; it must be a whole number of at least 1")
    _refuse_unless_recommender("rec", rec)
    if members is None or non_members is None:
        raise DataError(
            "an audit needs two logs, members that the model has learned and non_members that it has not. "
            "Draw the people at random before the fit: "
            "side = np.random.default_rng(0).permutation(len(log.users)) % 2; "
            "members, non_members = (log.take(side[log.user_codes] == n) for n in (0, 1)); "
            "rec.fit(members); audit(rec, members, non_members)"
        )
    if reference is not None:
        _refuse_unless_recommender("reference", reference)
    _refuse_shared(members, non_members)
    _look_who_is_known(rec, members, non_members)
    groups = [_ask(rec, log, int(max_events), name) for log, name in _named(members, non_members)]
    easy = _ease(*groups)
    if reference is None:
        difficulty = easy
    else:
        asked = [_ask(reference, log, int(max_events), name) for log, name in _named(members, non_members)]
        if any(len(one.items) != len(mine.items) for one, mine in zip(asked, groups, strict=True)):
            raise DataError("the reference does not know the items that the model knows")
        difficulty = [one.scores for one in asked]
    raw = [group.scores for group in groups]
    scores = {
        "loss": raw,
        "calibrated": [score - less for score, less in zip(raw, difficulty, strict=True)],
        "blind": easy,
    }
    attacks, tables = [], [_table(group, member) for group, member in zip(groups, (True, False), strict=True)]
    for name, (mine, theirs) in scores.items():
        for level in ("people", "events"):
            ones, owners = _at(level, mine, groups[0].people)
            others, of_others = _at(level, theirs, groups[1].people)
            if level == "people":
                tables[0][name], tables[1][name] = ones, others
            low, high = auc_interval(ones, others, owners, of_others)
            found = auc(ones, others)
            sign = 1.0 if found >= 0.5 else -1.0  # who knows which way it is turns it around
            enough = len(others) * _FPR >= 1  # else no false alarm at all would be asked for
            at_fpr = tpr_at(sign * ones, sign * others, _FPR) if enough else math.nan
            attacks.append(Attack(name, level, found, low, high, at_fpr, len(ones), len(others)))
    return MembershipReport(tuple(attacks), _FPR, pd.concat(tables, ignore_index=True))


def _named(members: Interactions, non_members: Interactions) -> list[tuple[Interactions, str]]:
    return [(members, "members"), (non_members, "non_members")]


def _refuse_unless_recommender(name: str, given: object) -> None:
    if not isinstance(given, Attacked):
        raise DataError(
            f"{name} is a Recommender, not {given!r:.80} (a {type(given).__name__}); Recommender.load(path) "
            "reads a file, and Recommender.open(folder) a journal"
        )


def _look_who_is_known(rec: Attacked, members: Interactions, non_members: Interactions) -> None:
    """Logs the wrong way round, or of people that the model has never met, do not look like a leak."""
    known, others = (
        sum(rec.users.get(rec.known_as(user)) is not None for user in log.users)
        for log in (members, non_members)
    )
    if known:
        return
    if others:
        raise DataError(
            f"the recommender knows none of the {len(members.users):,} people of members, and {others:,} of "
            f"the {len(non_members.users):,} of non_members: are the two the wrong way round? "
            "audit(rec, members, non_members)"
        )
    warn(
        f"the recommender knows none of the {len(members.users):,} people of members: it can give away only "
        "whom it has learned from",
        DataWarning,
    )


def _refuse_shared(members: Interactions, non_members: Interactions) -> None:
    for log, name in _named(members, non_members):
        if not isinstance(log, Interactions):
            raise DataError(f"{name} are Interactions, not a {type(log).__name__}")
    one, other = ({(event.user, event.item, event.time) for event in log} for log in (members, non_members))
    if one & other:
        raise DataError(
            f"{len(one & other):,} events are among the members and the non-members; an event is one or the "
            "other"
        )
    people = set(members.users) & set(non_members.users)
    if people:
        warn(
            f"{len(people):,} people are among the members and the non-members: what was learned of them "
            "speaks for both of their sides, so that they cannot be told apart even where they are given "
            "away. Draw people, not events or months: "
            "side = np.random.default_rng(0).permutation(len(log.users)) % 2; "
            "members, non_members = (log.take(side[log.user_codes] == n) for n in (0, 1))",
            DataWarning,
        )


def _ask(rec: Attacked, log: Interactions, max_events: int, name: str) -> _Asked:
    """The log chance of the item of each positive event, given those before it, of the people in turn."""
    wanted = _chosen(rec, log, max_events)
    names = [rec.known_as(user) for user in log.users]
    unknown = iter(range(len(rec.users), len(rec.users) + len(names)))
    person_of = [found if (found := rec.users.get(user)) is not None else next(unknown) for user in names]
    histories = Histories(rec.network.history_length)
    ranker = Ranker(
        rec.network.score_each, rec.content, rec.memory, rec.gate, histories, people=rec.people.rows
    )
    now, codes = rec.histories.clock, {kind: code for code, kind in enumerate(rec.kinds)}
    people, items, scores = [], [], []
    for place, event in enumerate(log):
        if event.item not in rec.catalog or event.kind not in codes:
            continue
        item, code = rec.catalog.index_of(event.item), int(log.user_codes[place])
        if item >= len(rec.network.items):
            continue
        kind = rec.kinds[event.kind]
        if wanted[place]:
            chance = float(ranker.click_chances(person_of[code], np.array([item]))[0])
            people.append(code)
            items.append(item)
            scores.append(np.log(max(chance, _LEAST)))
        histories.append(person_of[code], item, kind.reward, codes[kind.name], kind.consumes, now)
        ranker.changed()
    if len(set(people)) < 2:
        raise DataError(
            f"{name} have positive events of {len(set(people))} people; it takes two to say how sure an "
            "attack is"
        )
    codes_asked, owners = np.unique(np.array(people, dtype=np.int64), return_inverse=True)
    users = tuple(log.users[code] for code in codes_asked.tolist())
    return _Asked(users, owners, np.array(items, dtype=np.int64), np.array(scores))


def _table(group: _Asked, member: bool) -> pd.DataFrame:
    """A row for each person who was asked for."""
    return pd.DataFrame(
        {
            "user": group.users,
            "member": member,
            "events": np.bincount(group.people, minlength=len(group.users)),
        }
    )


def _chosen(rec: Attacked, log: Interactions, max_events: int) -> NDArray[np.bool_]:
    """Which events are asked for: of each person the same number, as near as may be, their last ones."""
    rewards = np.array([rec.kinds[name].reward if name in rec.kinds else 0.0 for name in log.kind_names])
    known = np.array([item in rec.catalog for item in log.items], dtype=bool)
    good = np.flatnonzero((rewards[log.kind_codes] > 0) & known[log.item_codes])
    backwards = good[::-1]
    order = np.argsort(log.user_codes[backwards], kind="stable")
    owners = log.user_codes[backwards][order]
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]]) if len(owners) else np.zeros(0, int)
    turn = np.arange(len(owners)) - np.repeat(starts, np.diff(np.r_[starts, len(owners)]))
    first = backwards[order][np.argsort(turn, kind="stable")[:max_events]]
    chosen = np.zeros(len(log), dtype=bool)
    chosen[first] = True
    return chosen


def _ease(*groups: _Asked) -> list[NDArray[np.float64]]:
    """The log of each item's share of the events of all groups, that event left out; smoothed by one."""
    everything = np.concatenate([group.items for group in groups])
    counts = np.bincount(everything)
    return [np.log(counts[group.items] / (len(everything) + len(counts))) for group in groups]


def _at(
    level: str, scores: NDArray[np.float64], people: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Scores of events, or of people: the mean of theirs; and whose each is."""
    if level == "events":
        return scores, people
    return np.bincount(people, scores) / np.bincount(people), np.arange(int(people.max()) + 1)
