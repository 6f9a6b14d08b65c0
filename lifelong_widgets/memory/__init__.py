"""Floor 2: the fast memory, which keeps what people did, and the gate that weighs it against the network."""

from lifelong_widgets.memory.candidates import FEATURES, MEMBERS, Candidates, Past
from lifelong_widgets.memory.content import Content
from lifelong_widgets.memory.episodic import GROUP_OF, GROUPS, LINEAR, NETWORK_ALONE, EpisodicMemory
from lifelong_widgets.memory.gate import Gate
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.newcomers import ALWAYS, Moment, Newcomers
from lifelong_widgets.memory.odd_times import warn_of_odd_times
from lifelong_widgets.memory.path_integral import Attributions
from lifelong_widgets.memory.ranker import Look, Occurrence, Occurrences, PeopleRows, Ranker, Replayed

__all__ = [
    "ALWAYS",
    "FEATURES",
    "GROUPS",
    "GROUP_OF",
    "LINEAR",
    "MEMBERS",
    "NETWORK_ALONE",
    "Attributions",
    "Candidates",
    "Content",
    "EpisodicMemory",
    "Gate",
    "Ledger",
    "Look",
    "Moment",
    "Newcomers",
    "Occurrence",
    "Occurrences",
    "Past",
    "PeopleRows",
    "Ranker",
    "Replayed",
    "warn_of_odd_times",
]
