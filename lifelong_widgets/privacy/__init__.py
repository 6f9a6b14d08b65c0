"""What a model gives away about the people it has learned from, and how it gives away less."""

from lifelong_widgets.privacy.accountant import noise_for
from lifelong_widgets.privacy.mechanism import GaussianMechanism
from lifelong_widgets.privacy.membership import Attacked, audit
from lifelong_widgets.privacy.membership_report import Attack, MembershipReport
from lifelong_widgets.privacy.personal_data import PersonalData, personal_data
from lifelong_widgets.privacy.private_learning import PrivacyMark, PrivateLearning
from lifelong_widgets.privacy.private_steps import private_fit, private_step
from lifelong_widgets.privacy.refusals import private_settings
from lifelong_widgets.privacy.report import PrivacyReport

__all__ = [
    "Attack",
    "Attacked",
    "GaussianMechanism",
    "MembershipReport",
    "PersonalData",
    "PrivacyMark",
    "PrivacyReport",
    "PrivateLearning",
    "audit",
    "noise_for",
    "personal_data",
    "private_fit",
    "private_settings",
    "private_step",
]
