"""Which hyperparameters would change nothing, so that no control of them is shown."""

from __future__ import annotations

from lifelong_widgets.recommender import Recommender


def idle_parts(rec: Recommender) -> dict[str, str]:
    """The parts of `rec` whose hyperparameters change nothing, and the key of the sentence that says why.

    The gate has nothing to weigh where the network is alone, as it is in private. The step is not taken any
    more where not even somebody new has a budget left.

    >>> import lifelong_widgets as lw
    >>> shelf = lw.Catalog.from_records([{"item": "fog"}, {"item": "tide"}])
    >>> settings = lw.privacy.private_settings("person", epsilon=8, uses=2)
    >>> idle_parts(lw.Recommender(shelf, embedding_dim=4, **settings))
    {'gate': 'controls.private'}
    >>> idle_parts(lw.Recommender(shelf, embedding_dim=4))
    {}
    """
    if rec.privacy.on and rec.privacy.uses_left(len(rec.users)) == 0:
        return dict.fromkeys(("gate", "updater"), "controls.closed")
    if rec.memory.network_alone:
        return {"gate": "controls.private" if rec.privacy.on else "controls.alone"}
    return {}
