"""What a view says of learning in private: how much of the budget is spent, and who may still teach."""

from __future__ import annotations

import math
from typing import Any

from lifelong_widgets.data import Id
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.updates import Update


def budget(rec: Recommender, user: Id) -> dict[str, Any] | None:
    """The account as it is now, for the list of `user`; None unless `rec` learns in private.

    `epsilon` is None where there is no noise, `limit` where there is no budget, and `left`, in how many more
    steps something new of this person may be learned, where that is not limited. It is `closed` if nobody
    teaches any more, not even somebody new.

    >>> import lifelong_widgets as lw
    >>> shelf = lw.Catalog.from_records([{"item": "fog"}, {"item": "tide"}])
    >>> settings = lw.privacy.private_settings("person", epsilon=8, uses=2)
    >>> rec = lw.Recommender(shelf, embedding_dim=4, **settings)
    >>> account = budget(rec, "ada")
    >>> account["unit"], account["epsilon"], account["limit"], account["left"] > 2  # there was no fit yet
    ('person', 0.0, 8.0, True)
    >>> budget(lw.Recommender(shelf, embedding_dim=4), "ada") is None
    True
    """
    if not rec.privacy.on:
        return None
    report = rec.privacy.report()
    person = rec.users.get(rec.known_as(user))
    left = rec.privacy.uses_left(len(rec.users) if person is None else person)
    return {
        "unit": report.unit,
        "epsilon": report.epsilon if math.isfinite(report.epsilon) else None,
        "limit": report.max_epsilon,
        "delta": report.delta,
        "left": int(left) if math.isfinite(left) else None,
        "closed": rec.privacy.uses_left(len(rec.users)) == 0,
    }


def withheld(rec: Recommender, update: Update) -> bool:
    """Whether an event was remembered and not learned, since the budget is spent."""
    return rec.privacy.on and not update.learned


def sentence(account: dict[str, Any]) -> str:
    """What `budget` has found, for where no widget can be drawn.

    >>> sentence({"unit": "person", "epsilon": 2.5, "limit": 8.0, "delta": 1e-5, "left": 0, "closed": True})
    'Learned in private: ε = 2.50 of 8, δ = 1e-05 for each person; nothing more is learned.'
    """
    spent = "∞ (there is no noise)" if account["epsilon"] is None else f"{account['epsilon']:.2f}"
    limit = "" if account["limit"] is None else f" of {account['limit']:g}"
    whom = "" if account["closed"] else " of this person"
    over = f"; nothing more{whom} is learned" if account["left"] == 0 else ""
    promise = f"ε = {spent}{limit}, δ = {account['delta']:g} for each {account['unit']}"
    return f"Learned in private: {promise}{over}."
