"""Who looks at the list."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterator
from typing import Any

import ipywidgets

from lifelong_widgets.data import Id
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.caption import Caption
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.panel import Panel
from lifelong_widgets.widgets.session import ME, LiveSession
from lifelong_widgets.widgets.wording import name

_OFFERED = 2000  # names that are offered while typing, if they can be shown as they are


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
        self._following = False
        self._followed: tuple[str, Id] | None = None
        self.who = ipywidgets.ToggleButtons(options=[("Me", "me")], value="me")
        self.from_log = ipywidgets.Combobox(
            continuous_update=False, layout={"width": "150px", "display": "none"}
        )
        self.problem = Caption(locale=locale)  # beside what was typed
        self.simulated = ipywidgets.Dropdown(layout={"width": "150px", "display": "none"})
        self.who.observe(self._chosen, "value")
        self.from_log.observe(self._named, "value")
        self.simulated.observe(self._named, "value")
        self.start(self.who, self.from_log, self.problem, self.simulated)

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
        chosen, users = self.who.value, self.session.rec.users
        others = len(users) > (self.me in users)
        kinds = ["me", "log", "simulated"] if others or chosen == "log" else ["me", "simulated"]
        with self._quietly():
            self.who.options = self._kinds(kinds)  # which selects the first of them
            self.who.value = chosen
        self.from_log.placeholder = self.say("picker.who")
        self.from_log.tooltip = self.simulated.tooltip = self.say("picker.who")

    def _kinds(self, kinds: list[str]) -> list[tuple[str, str]]:
        return [(self.say(f"picker.{kind}"), kind) for kind in kinds]

    def _offer(self) -> list[str]:
        """The first people that the model has learned from. Any other may be typed in full."""
        users = (str(user) for user in self.session.rec.users if user != self.me)
        return list(itertools.islice((user for user in users if user == name(user)), _OFFERED))

    def _known(self, written: str) -> Id | None:
        """The person of the log who is so written, or who was followed here under that name."""
        if self._followed is not None and written == self._followed[0]:
            return self._followed[1]
        candidates: list[Id] = [written, int(written)] if re.fullmatch(r"-?\d{1,19}", written) else [written]
        return next((user for user in candidates if user in self.session.rec.users), None)

    def _chosen(self, change: Any) -> None:
        """Another kind of person was chosen: show who there is, and let the first of them look on."""
        kind = change.new
        self.caption.error = self.problem.error = ""
        with self.telling():
            self._show_names(kind)
            if kind == "log" and not self.from_log.value and self.from_log.options:
                self.from_log.value = self.from_log.options[0]
            else:
                self._named()

    def _show_names(self, kind: str) -> None:
        if kind == "log":
            self.from_log.options = self.session.worker.call(self._offer)
        if kind == "simulated" and not self.simulated.options:
            self.simulated.options = [(name(person), person) for person in self.session.people.people]
            self.simulated.value = self.simulated.options[0][1]
        self.from_log.layout.display = "" if kind == "log" else "none"
        self.simulated.layout.display = "" if kind == "simulated" else "none"

    def _named(self, _change: Any = None) -> None:
        """Somebody was named: they look on from now."""
        if self._following:
            return
        with self.telling():
            self._look_on()

    def _look_on(self) -> None:
        user: Id | None = self.me
        if self.who.value == "simulated":
            user = self.simulated.value
        elif self.who.value == "log":
            user = self._known(self.from_log.value)
            unknown = user is None and self.from_log.value
            self.problem.error = self.say("picker.unknown", name=name(unknown)) if unknown else ""
        if user is not None:
            self.session.choose_user(user)

    def _on_change(self, change: Change) -> None:
        """Follow whoever was chosen in another picker, or by a call; name nobody who was forgotten."""
        if change.what == "people":
            self._let_go()
        elif change.what == "user" and change.user is not None:
            with self._quietly():
                self._follow(change.user)

    def _let_go(self) -> None:
        """Somebody was forgotten: no name stays but those of people who are known."""
        self.caption.error = self.problem.error = ""  # which may say a name
        if self.me in self.session.forgotten:
            self.me = ME
        if self._followed is not None and self._followed[1] in self.session.forgotten:
            self._followed = None
        with self._quietly():
            if self.from_log.options:
                self.from_log.options = self._offer()
            if self._known(self.from_log.value) is None:
                self.from_log.value = ""
        self.label()

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """What the controls show changes, and not who looks on."""
        self._following = True
        try:
            yield
        finally:
            self._following = False

    def _follow(self, user: Id) -> None:
        simulated = any(user == person for _, person in self.simulated.options)
        kind = "me" if user == self.me else "simulated" if simulated else "log"
        if kind == self.who.value == "me":
            return
        if kind == "log":
            self._followed = (name(user), user)
            self.from_log.value = self._followed[0]
            self.who.options = self._kinds(["me", "log", "simulated"])
        if kind == "simulated":
            self.simulated.value = user
        self.who.value = kind
