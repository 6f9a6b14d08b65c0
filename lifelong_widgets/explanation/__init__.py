"""Floor 3: why this list."""

from lifelong_widgets.explanation.explainer import Explainer
from lifelong_widgets.explanation.explanation import Explanation
from lifelong_widgets.explanation.reasons import reasons
from lifelong_widgets.explanation.sentences import Reason

__all__ = ["Explainer", "Explanation", "Reason", "reasons"]
