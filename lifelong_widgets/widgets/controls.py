"""Controls made from the traits of the parts."""

from __future__ import annotations

import math
from concurrent.futures import Future
from typing import Any

import ipywidgets

from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.parts import Hyperparameter, hyperparameters
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.idle import idle_parts
from lifelong_widgets.widgets.panel import Panel
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.wording import explain


class Controls(Panel):
    """One control for every hyperparameter that may change while the model learns.

    Bounds, help and scale are those of the trait; nothing about a hyperparameter is written down here. A
    change takes effect between two steps, and a trait that is changed elsewhere moves its control. What would
    do nothing, such as the gate's hyperparameters where learning is private, has no control; a note says why.

    Args:
        engine: a recommender, or the session that its widgets share.
        locale: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> controls = Controls(Recommender(shelf, embedding_dim=8))
        >>> controls["learning_rate"].value = 0.002
        >>> controls.session.wait()
        >>> controls.session.rec.updater.learning_rate
        0.002
        >>> controls.close()
    """

    def __init__(self, engine: Recommender | LiveSession, locale: str = "auto") -> None:
        super().__init__(engine, "controls", locale)
        self._pending: dict[str, int] = {}
        self._controls: dict[str, tuple[Hyperparameter, Any]] = {}
        self._idle = idle_parts(self.session.rec)
        for declared in hyperparameters(self.session.rec.parts, live_only=True):
            if declared.part in self._idle:
                continue
            part = self.session.rec.parts[declared.part]
            control = control_for(declared, getattr(part, declared.name))
            self._controls[declared.name] = (declared, control)
            control.observe(self._moved, "value")
            part.observe(self._changed, declared.name)
        self._name_of = {id(control): name for name, (_, control) in self._controls.items()}
        self.start(*(control for _, control in self._controls.values()))

    def __getitem__(self, name: str) -> Any:
        """The control of the hyperparameter `name`; a KeyError if it has none here."""
        return self._controls[name][1]

    def close(self) -> None:
        """Leave the screen; the traits are let go."""
        if self._stop is not None:
            for name, (declared, control) in self._controls.items():
                control.unobserve(self._moved, "value")
                self.session.rec.parts[declared.part].unobserve(self._changed, name)
        super().close()

    def label(self) -> None:
        """Write every label; those of the controls are the traits' own."""
        self.caption.title = self.say("controls.title")
        self.caption.text = self.say("controls.effect")
        self.caption.note = " ".join(self.say(key) for key in dict.fromkeys(self._idle.values()))
        for declared, control in self._controls.values():
            control.description, control.tooltip = self.term(declared.label), self.term(declared.help)

    def _moved(self, change: Any) -> None:
        """A control was moved: set the trait in the owner thread."""
        name = self._name_of[id(change.owner)]
        declared, _ = self._controls[name]
        value = _as_declared(declared, change.new)
        if not self._pending.get(name) and value == getattr(self.session.rec.parts[declared.part], name):
            return  # the control followed the trait
        self._pending[name] = self._pending.get(name, 0) + 1
        with self.telling():
            try:
                future = self.session.set_hyperparameter(declared.part, name, value)
            except LifelongWidgetsError:
                self._pending[name] -= 1
                self._show(name)
                raise
            future.add_done_callback(lambda done: self._set(name, done))

    def _set(self, name: str, done: Future[None]) -> None:
        self._pending[name] -= 1
        error = None if done.cancelled() else done.exception()
        self.caption.error = explain(error) if error else ""
        if error:
            self._show(name)

    def _changed(self, change: Any) -> None:
        """A trait was changed. While a drag is still on its way here, the hand is right and not the echo."""
        if not self._pending.get(change.name):
            self._show(change.name)

    def _show(self, name: str) -> None:
        declared, control = self._controls[name]
        control.value = getattr(self.session.rec.parts[declared.part], name)

    def _on_change(self, change: Change) -> None:
        """Values are followed through the traits themselves."""


def control_for(declared: Hyperparameter, value: Any) -> Any:
    """The control that suits a hyperparameter: a slider between its bounds, a box to tick, or a menu.

    >>> from lifelong_widgets.drift import DriftMonitor
    >>> delta = next(h for h in hyperparameters({"drift": DriftMonitor()}) if h.name == "delta")
    >>> type(control_for(delta, 0.002)).__name__, control_for(delta, 0.002).min
    ('FloatLogSlider', -6.0)
    """
    words = {
        "description": declared.label,
        "tooltip": declared.help,
        "style": {"description_width": "132px"},
        "layout": {"width": "auto"},
    }
    low, high = declared.min, declared.max
    if declared.kind == "bool":
        return ipywidgets.Checkbox(value=value, **words)
    if declared.kind == "choice":
        return ipywidgets.Dropdown(options=list(declared.choices), value=value, **words)
    if low is None or high is None:
        box = ipywidgets.IntText if declared.kind == "int" else ipywidgets.FloatText
        return box(value=value, **words)
    if declared.kind == "int":
        return ipywidgets.IntSlider(value=value, min=int(low), max=int(high), **words)
    if declared.scale == "log" and low > 0:
        return ipywidgets.FloatLogSlider(
            value=value, min=math.log10(low), max=math.log10(high), step=0.01, readout_format=".2g", **words
        )
    return ipywidgets.FloatSlider(
        value=value, min=low, max=high, step=(high - low) / 100, readout_format=".2g", **words
    )


def _as_declared(declared: Hyperparameter, value: Any) -> Any:
    """A log slider reaches its ends only up to rounding: 10 ** -6 is a little below 1e-6."""
    if declared.kind == "float" and declared.min is not None and declared.max is not None:
        return min(max(float(value), declared.min), declared.max)
    return value
