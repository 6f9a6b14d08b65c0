"""Floor 3: why this list. The simplest honest form: which past event, left out, would lower a score most."""

from lifelong_widgets.explanation.leave_one_out import leave_one_out
from lifelong_widgets.explanation.reasons import reasons
from lifelong_widgets.explanation.sentences import Reason

__all__ = ["Reason", "leave_one_out", "reasons"]
