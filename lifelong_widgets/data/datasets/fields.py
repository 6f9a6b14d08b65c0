"""What people do in each of four fields, and what it is worth: shared by logs, simulated worlds and recipes.

Weights are relative, and a judgement rather than a measurement: what costs somebody money, a vote or an hour
weighs 1, what takes one click a fraction of it. Nothing here was tuned on a result.
"""

from __future__ import annotations

from lifelong_widgets.data.feedback import FeedbackKind, FeedbackKinds

SHOP_KINDS = FeedbackKinds(
    FeedbackKind("view", 0.2, consumes=False),
    FeedbackKind("basket", 0.5, consumes=False),
    FeedbackKind("purchase", 1.0, consumes=False),  # soap is bought again
    FeedbackKind("cancel", 0.5, positive=False, consumes=False),
    FeedbackKind("search", 0.3, consumes=False, label="Opened from search"),  # the page of results is `shown`
)
"""E-commerce. Nothing is used up: what was bought may be bought again."""

COMMUNITY_KINDS = FeedbackKinds(
    FeedbackKind("agree", 1.0),
    FeedbackKind("played", 1.0),
    FeedbackKind("pass", 0.1, positive=False),
    FeedbackKind("disagree", 1.0, positive=False),
)
"""Social media and communities. One votes once; a pass is attention, but hardly an opinion."""

COURSE_KINDS = FeedbackKinds(
    FeedbackKind("view", 0.3, consumes=False),
    FeedbackKind("watched_part", 0.5, consumes=False),
    FeedbackKind("watched", 1.0),
    FeedbackKind("left", 0.5, positive=False, consumes=False),
)
"""Online education, by the share that was watched: from 80 % on ``watched``, below 20 % ``left``."""

NEWS_KINDS = FeedbackKinds(
    FeedbackKind("click", 0.5),
    FeedbackKind("read", 1.0),
    FeedbackKind("easy", 0.2),
    FeedbackKind("bookmark", 0.8),
    FeedbackKind("interesting", 1.0),
    FeedbackKind("favourite", 1.0),
    FeedbackKind("hard", 0.1, positive=False),
    FeedbackKind("not_interesting", 1.0, positive=False),
)
"""News. A story is read once."""

WATCHED = 80.0
"""The percentage from which a lesson counts as watched."""
LEFT = 20.0
"""The percentage below which somebody left it."""
