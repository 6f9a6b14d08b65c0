"""Exploration: lists that try things, with the probability of every choice."""

from lifelong_widgets.exploration.candidates import Candidates, Slate
from lifelong_widgets.exploration.epsilon_greedy import EpsilonGreedy
from lifelong_widgets.exploration.explorer import ExploredList, Explorer
from lifelong_widgets.exploration.impressions import Impression, ImpressionLog
from lifelong_widgets.exploration.last_layer import LastLayer
from lifelong_widgets.exploration.linear_policies import LinearThompson, LinUCB
from lifelong_widgets.exploration.policy import Policy
from lifelong_widgets.exploration.posterior import LinearPosterior
from lifelong_widgets.exploration.softmax import Softmax

__all__ = [
    "Candidates",
    "EpsilonGreedy",
    "ExploredList",
    "Explorer",
    "Impression",
    "ImpressionLog",
    "LastLayer",
    "LinUCB",
    "LinearPosterior",
    "LinearThompson",
    "Policy",
    "Slate",
    "Softmax",
]
