"""Floor 3: why this list, above `learning`: what was learned from is a part of the answer."""

from lifelong_widgets.explanation.counterfactual import Counterfactual
from lifelong_widgets.explanation.explainer import Explainer
from lifelong_widgets.explanation.explanation import FAST, PARTS, ContentFeature, Explanation, PastEvent
from lifelong_widgets.explanation.influence import Lesson, Lessons
from lifelong_widgets.explanation.listed import Change, Changes, ListedItem, ListExplanation
from lifelong_widgets.explanation.reasons import reasons
from lifelong_widgets.explanation.sentences import Reason

__all__ = [
    "FAST",
    "PARTS",
    "Change",
    "Changes",
    "ContentFeature",
    "Counterfactual",
    "Explainer",
    "Explanation",
    "Lesson",
    "Lessons",
    "ListExplanation",
    "ListedItem",
    "PastEvent",
    "Reason",
    "reasons",
]
