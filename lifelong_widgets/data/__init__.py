"""What goes in: catalogues, logs, single events, and named data sets of both."""

from lifelong_widgets.data import cleaning, datasets
from lifelong_widgets.data.catalog import Catalog, Item
from lifelong_widgets.data.feedback import DEFAULT_KINDS, Feedback, FeedbackKind, FeedbackKinds
from lifelong_widgets.data.ids import Id
from lifelong_widgets.data.interactions import Interactions
from lifelong_widgets.data.social import SocialGraph

__all__ = [
    "DEFAULT_KINDS",
    "Catalog",
    "Feedback",
    "FeedbackKind",
    "FeedbackKinds",
    "Id",
    "Interactions",
    "Item",
    "SocialGraph",
    "cleaning",
    "datasets",
]
