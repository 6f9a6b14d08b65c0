"""People who are simulated: they look at a list, click or not, and change their minds."""

from lifelong_widgets.simulation.click_world import ClickWorld
from lifelong_widgets.simulation.clickbait import ClickbaitWorld, Lived
from lifelong_widgets.simulation.followers import Followers
from lifelong_widgets.simulation.people import SimulatedPeople
from lifelong_widgets.simulation.recurring import RecurringTastes, recurring_tastes
from lifelong_widgets.simulation.world_people import WorldPeople

__all__ = [
    "ClickWorld",
    "ClickbaitWorld",
    "Followers",
    "Lived",
    "RecurringTastes",
    "SimulatedPeople",
    "WorldPeople",
    "recurring_tastes",
]
