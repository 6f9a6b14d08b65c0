"""A lifelong-learning recommender that lives in a notebook.

>>> import lifelong_widgets as lw
>>> data = lw.datasets.load("bookshop")
>>> rec = lw.Recommender(data.catalog)

Names are loaded when they are first used, so that ``import lifelong_widgets`` itself is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from lifelong_widgets._version import __version__

if TYPE_CHECKING:
    from lifelong_widgets import compression, evaluation, exploration, models, recipes, simulation
    from lifelong_widgets.data import (
        DEFAULT_KINDS,
        Catalog,
        Feedback,
        FeedbackKind,
        FeedbackKinds,
        Interactions,
        SocialGraph,
        datasets,
    )
    from lifelong_widgets.recommender import Recommender
    from lifelong_widgets.settings_table import settings
    from lifelong_widgets.widgets import (
        CompressionPanel,
        Controls,
        LiveSession,
        MemoryStrip,
        MetricsChart,
        RecommendationList,
        SimulationPanel,
        Studio,
        UserPicker,
        Workbench,
    )

_HOMES = {
    "lifelong_widgets": ("compression", "evaluation", "exploration", "models", "recipes", "simulation"),
    "lifelong_widgets.data": (
        "DEFAULT_KINDS",
        "Catalog",
        "Feedback",
        "FeedbackKind",
        "FeedbackKinds",
        "Interactions",
        "SocialGraph",
        "datasets",
    ),
    "lifelong_widgets.recommender": ("Recommender",),
    "lifelong_widgets.settings_table": ("settings",),
    "lifelong_widgets.widgets": (
        "CompressionPanel",
        "Controls",
        "LiveSession",
        "MemoryStrip",
        "MetricsChart",
        "RecommendationList",
        "SimulationPanel",
        "Studio",
        "UserPicker",
        "Workbench",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 (version last)
    "DEFAULT_KINDS",
    "Catalog",
    "CompressionPanel",
    "Controls",
    "Feedback",
    "FeedbackKind",
    "FeedbackKinds",
    "Interactions",
    "LiveSession",
    "MemoryStrip",
    "MetricsChart",
    "RecommendationList",
    "Recommender",
    "SimulationPanel",
    "SocialGraph",
    "Studio",
    "UserPicker",
    "Workbench",
    "compression",
    "datasets",
    "evaluation",
    "exploration",
    "models",
    "recipes",
    "settings",
    "simulation",
    "__version__",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home == __name__:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
