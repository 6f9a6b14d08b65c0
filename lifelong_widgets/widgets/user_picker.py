"""Who looks at the list."""

from __future__ import annotations

from typing import Any

import ipywidgets

from lifelong_widgets.data import Id
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.panel import Panel
from lifelong_widgets.widgets.session import Change, LiveSession

_OFFERED = 2000  # names that are offered while typing; any other that the log knows may be typed in full


class UserPicker(Panel):
    """Me, a new person of whom the model knows nothing; a person from the log; or a simulated person.

    Args:
        engine: a recommender, or the session that its widgets share.
        me: the id under which my own clicks are learned; by default whoever looks on now.
        locale: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> picker = UserPicker(Recommender(shelf, embedding_dim=8))
        >>> picker.who.value
        'me'
        >>> picker.close()
    """

    def __init__(self, engine: Recommender | LiveSession, me: Id | None = None, locale: str = "auto") -> None:
        super().__init__(engine, "picker", locale)
        self.me = self.session.user if me is None else me
        self.who = ipywidgets.ToggleButtons(options=[("Me", "me")], value="me")
        self.from_log = ipywidgets.Combobox(
            continuous_update=False, layout={"width": "150px", "display": "none"}
        )
        self.simulated = ipywidgets.Dropdown(layout={"width": "150px", "display": "none"})
        self.label()
        self.children = (self.caption, self.who, self.from_log, self.simulated)
        self.who.observe(self._chosen, "value")
        self.from_log.observe(self._named, "value")
        self.simulated.observe(self._named, "value")

    def close(self) -> None:
        """Leave the screen, and stop listening."""
        if self._stop is not None:
            self.who.unobserve(self._chosen, "value")
            self.from_log.unobserve(self._named, "value")
            self.simulated.unobserve(self._named, "value")
        super().close()

    def label(self) -> None:
        """Write every label."""
        self.caption.title = self.say("picker.title")
        chosen = self.who.value
        kinds = ["me", "log", "simulated"] if len(self._log_names()) else ["me", "simulated"]
        with self.who.hold_trait_notifications():
            self.who.options = [(self.say(f"picker.{kind}"), kind) for kind in kinds]
            self.who.value = chosen
        self.from_log.placeholder = self.say("picker.who")
        self.from_log.tooltip = self.simulated.tooltip = self.say("picker.who")

    def _log_names(self) -> dict[str, Id]:
        """The people of the log by what is written for them; neither me nor the simulated ones."""
        others = {self.me, *(self.simulated.options or ())}
        return {str(user): user for user in self.session.rec.users if user not in others}

    def _chosen(self, change: Any) -> None:
        kind = change.new
        self.caption.error = ""
        if kind == "log":
            self.from_log.options = list(self._log_names())[:_OFFERED]
        if kind == "simulated" and not self.simulated.options:
            self.simulated.options = list(self.session.people.people)
            self.simulated.value = self.simulated.options[0]
        self.from_log.layout.display = "" if kind == "log" else "none"
        self.simulated.layout.display = "" if kind == "simulated" else "none"
        if kind == "me":
            self.session.choose_user(self.me)
        elif kind == "log" and not self.from_log.value:
            self.from_log.value = self.from_log.options[0]
        else:
            self._name()

    def _named(self, _change: Any) -> None:
        self._name()

    def _name(self) -> None:
        """Somebody was named: they look on from now."""
        if self.who.value == "simulated" and self.simulated.value is not None:
            self.session.choose_user(self.simulated.value)
        elif self.who.value == "log" and self.from_log.value:
            user = self._log_names().get(self.from_log.value)
            self.caption.error = (
                "" if user is not None else self.say("picker.unknown", name=self.from_log.value)
            )
            if user is not None:
                self.session.choose_user(user)

    def _on_change(self, change: Change) -> None:
        """The picker leads, it does not follow."""
