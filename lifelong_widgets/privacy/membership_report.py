"""What an attack on a model has found, and what that says."""

from __future__ import annotations

import html
import math
from dataclasses import asdict, dataclass, field

import pandas as pd

from lifelong_widgets.errors import DataError

FEW = 30
"""People of a group below which a bootstrap interval is too narrow to be trusted."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        name: ``loss``, ``calibrated`` or ``blind``; see `audit`.
        level: ``people`` or ``events``.
        auc: the chance that a member scores higher than a non-member; .5 is guessing. Below it members score
            lower, which tells them apart as well.
        low: of the 95 % interval of `auc`.
        high: of the same.
        tpr: the share of members found while one in a hundred non-members is taken for one, by the attack
            turned round if it is `turned`. NaN with less than a hundred of those: one would be more already.
        n_members: how many members were asked for.
        n_non_members: how many others.
    """

    name: str
    level: str
    auc: float
    low: float
    high: float
    tpr: float
    n_members: int
    n_non_members: int

    @property
    def found(self) -> bool:
        """Whether .5 is out of the interval: the attack is better than guessing."""
        return self.low > 0.5 or self.high < 0.5

    @property
    def turned(self) -> bool:
        """Whether members score lower than others, so that whoever scores *less* is taken for a member."""
        return self.auc < 0.5

    @property
    def accuracy(self) -> float:
        """How often it picks the member of a pair: `auc`, or 1 less that if it is `turned`."""
        return 1 - self.auc if self.turned else self.auc


@dataclass(frozen=True, slots=True, repr=False)
class MembershipReport:
    """All attacks on one model; ``report["loss", "people"]`` is one of them.

    Attributes:
        attacks: in the order in which they are told.
        fpr: at which the `Attack.tpr` of each is.
        people: what each person has scored in the attacks on people: a row each, with the columns ``user``,
            ``member`` (whether they are one), ``events`` (asked for), ``loss``, ``calibrated`` and ``blind``.
            It names them: keep it to yourself.
    """

    attacks: tuple[Attack, ...]
    fpr: float
    people: pd.DataFrame = field(compare=False)

    def __getitem__(self, key: tuple[str, str]) -> Attack:
        for attack in self.attacks:
            if (attack.name, attack.level) == key:
                return attack
        known = ", ".join(f"[{one.name!r}, {one.level!r}]" for one in self.attacks)
        raise DataError(
            f"there is no attack {key!r:.80}; ask for one by its name and level, such as "
            f'report["calibrated", "people"]. There are {known}'
        )

    @property
    def comparable(self) -> bool:
        """Whether the groups look alike without the model: no blind attack is surely better than guessing."""
        return not any(one.name == "blind" and one.found for one in self.attacks)

    @property
    def too_few(self) -> bool:
        """Whether a group has so few people (less than `FEW`) that its intervals say little."""
        return any(
            min(one.n_members, one.n_non_members) < FEW for one in self.attacks if one.level == "people"
        )

    @property
    def verdict(self) -> str:
        """What follows, in words."""
        if self.too_few:
            one = next(one for one in self.attacks if one.level == "people")
            return (
                f"Too few people to say anything: {one.n_members:,} members and {one.n_non_members:,} others "
                f"were asked for. Below {FEW} a group, chance alone makes such numbers and the intervals are "
                "too narrow; take all the people you have, a hundred or more in each."
            )
        found = [one for one in self.attacks if one.name != "blind" and one.found]
        if not self.comparable:
            return (
                "The two groups differ by what their people take, without asking the model: choose members "
                "and non-members at random from the same people. As it is, the numbers above prove nothing."
            )
        if found:
            best = max(found, key=lambda one: one.accuracy)
            turned = f", turned round: members score lower than strangers (AUC {best.auc:.3f})"
            return (
                f"The model gives away whom it has learned from: of a member and a stranger, the "
                f"{best.name} attack on {best.level} picks the member {best.accuracy:.0%} of the time"
                f"{turned if best.turned else ''}."
            )
        return (
            "These attacks are not surely better than guessing. That is no proof that nothing leaks: a "
            "stronger attack may find more, and an AUC of .5 can hide a few people who are found for "
            "certain. Only differential privacy bounds every attack."
        )

    def to_pandas(self) -> pd.DataFrame:
        """A row for each attack."""
        return pd.DataFrame([asdict(one) for one in self.attacks])

    def __str__(self) -> str:
        lines = [
            f"{'attack':<12}{'on':<8}{'AUC':>6}  {'95 % interval':<16}"
            f"{f'found at {self.fpr:.0%} false alarms':>28}{'members':>10}{'others':>8}"
        ]
        for one in self.attacks:
            tpr = "–" if math.isnan(one.tpr) else f"{one.tpr:.1%}"
            lines.append(
                f"{one.name:<12}{one.level:<8}{one.auc:>6.3f}  {f'[{one.low:.3f}, {one.high:.3f}]':<16}"
                f"{tpr:>28}{one.n_members:>10,}{one.n_non_members:>8,}"
            )
        return "\n".join([*lines, self.verdict])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"
