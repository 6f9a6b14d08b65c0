"""What a model gives away about the people it has learned from, and how it gives away less."""

from lifelong_widgets.privacy.membership import Attacked, audit
from lifelong_widgets.privacy.membership_report import Attack, MembershipReport

__all__ = ["Attack", "Attacked", "MembershipReport", "audit"]
