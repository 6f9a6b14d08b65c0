"""People who are simulated: they look at a list, click or not, and change their minds."""

from lifelong_widgets.simulation.people import SimulatedPeople

__all__ = ["SimulatedPeople"]
