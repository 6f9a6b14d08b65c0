"""A simulated crowd at the push of a button."""

from __future__ import annotations

from typing import Any

import ipywidgets

from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.panel import Panel
from lifelong_widgets.widgets.session import LiveSession
from lifelong_widgets.widgets.wording import explain
from lifelong_widgets.widgets.worker import Throttle

_TELL_SECONDS = 0.2


class SimulationPanel(Panel):
    """Run simulated clicks beside the kernel, see how far they are, cancel them; swap the crowd's tastes.

    Args:
        engine: a recommender, or the session that its widgets share.
        n: how many clicks one push runs.
        locale: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "categories": ["a", "b", "a"]}))
        >>> panel = SimulationPanel(Recommender(shelf, embedding_dim=8), n=5)
        >>> panel.run.description
        'Run 5 simulated clicks'
        >>> panel.close()
    """

    def __init__(self, engine: Recommender | LiveSession, n: int = 500, locale: str = "auto") -> None:
        super().__init__(engine, "simulation", locale)
        self.n = n
        self.run = ipywidgets.Button()
        self.cancel = ipywidgets.Button(layout={"display": "none"})
        self.swap = ipywidgets.Button()
        self.bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"display": "none", "width": "90px"})
        self._tell = Throttle(self.session.worker, _TELL_SECONDS, self._show_job)
        self.run.on_click(self._run)
        self.cancel.on_click(self._cancel)
        self.swap.on_click(self._swap)
        self.start(self.bar, self.cancel, self.run, self.swap)

    def close(self) -> None:
        """Leave the screen, and stop listening. A running simulation goes on."""
        if self._stop is not None:
            self._tell.close()
            for button, handler in (
                (self.run, self._run),
                (self.cancel, self._cancel),
                (self.swap, self._swap),
            ):
                button.on_click(handler, remove=True)
        super().close()

    def label(self) -> None:
        """Write every label."""
        self.run.description = self.say("simulation.run", n=self.n)
        self.run.tooltip = self.say("simulation.run.help")
        self.cancel.description = self.cancel.tooltip = self.say("simulation.cancel")
        self.swap.description = self.say("simulation.swap")
        self.swap.tooltip = self.say("simulation.swap.help")

    def _run(self, _button: Any) -> None:
        self.caption.error = ""
        with self.telling():
            if self.session.job is None or self.session.job.done:
                self.session.run_simulation(self.n)

    def _cancel(self, _button: Any) -> None:
        if self.session.job is not None:
            self.session.job.cancel()

    def _swap(self, _button: Any) -> None:
        with self.telling():
            self.session.swap_tastes()
            self.caption.text = self.say("simulation.swapped")

    def _on_change(self, change: Change) -> None:
        if change.what == "job":
            self._tell.touch()

    def _show_job(self) -> None:
        job = self.session.job
        if job is None:
            return
        self.bar.value = job.progress
        self.caption.busy = not job.done
        self.run.disabled = not job.done
        self.bar.layout.display = self.cancel.layout.display = "none" if job.done else ""
        if not job.done:
            self.caption.text = self.say("simulation.progress", done=job.completed, total=job.total)
            return
        error = job.error()
        self.caption.error = explain(error) if error else ""
        self.caption.text = ""
        if error is None:
            result = job.result()
            done = "simulation.cancelled" if result.cancelled else "simulation.done"
            said = self.say(done, n=result.clicks - result.withheld)
            more = self.say("simulation.withheld", n=result.withheld) if result.withheld else ""
            self.caption.text = said + more
