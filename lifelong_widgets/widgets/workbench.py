"""Every block of a recommender behind a menu: build it, test it, compare."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Sequence
from typing import Any

import ipywidgets
import pandas as pd

from lifelong_widgets.assembly import check_graph
from lifelong_widgets.data import Catalog, Interactions, SocialGraph
from lifelong_widgets.data.datasets.dataset import Dataset
from lifelong_widgets.errors import DataError, LifelongWidgetsError, UnknownItemError
from lifelong_widgets.evaluation import prequential
from lifelong_widgets.featurizers import OF_THE_GRAPH
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.blocks import Blocks
from lifelong_widgets.widgets.closing import close_whole
from lifelong_widgets.widgets.comparison import LENGTH, Trial, frame, picture
from lifelong_widgets.widgets.idle import idle_modalities, idle_with
from lifelong_widgets.widgets.job import Job
from lifelong_widgets.widgets.panel import CaptionedBox
from lifelong_widgets.widgets.wording import explain
from lifelong_widgets.widgets.worker import Throttle, Worker

_TELL_SECONDS = 0.2
_FITTED = 0.8  # of the events; the rest tests
_FEWEST = 10


class Workbench(CaptionedBox):
    """One menu for every block of a recommender, and a button that builds it and adds a row to a table.

    A block is a hyperparameter with a few choices that cannot change while the model learns, such as
    ``text_features``, ``fusion``, ``model``, ``objective`` or ``discount``: the menus are made of their
    declarations. A menu that would change nothing is off and a sentence says why: that of the pictures where
    no item has one, or of the activation where the model has no dense hidden layer. A
    build learns the first four fifths of the events with `fit`, then the rest is a test: each event asks
    for a list before it is learned (`lifelong_widgets.evaluation.prequential`). It happens in a thread of
    the panel's own, so the kernel answers meanwhile. With one seed, rows differ by their blocks alone.

    Attributes:
        recommender: the latest that was built; yours from then on, as for ``Studio(…)``. None before.
        job: the build that runs, or the last; None before.

    Args:
        data: a data set, or a catalogue.
        interactions: the log, in time order, if `data` is a catalogue.
        graph: who follows whom, for the person features that look at it; that of the data set unless given.
            A build without one refuses them.
        n_events: how many events of its beginning are used: more say more, and take longer.
        seed: of every recommender that is built.
        locale: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.
        **hyperparameters: of any part. One that is a block is where its menu begins; the others hold for
            every build.

    Raises:
        DataError: a data set, log, number or hyperparameter that cannot be used.
        UnknownItemError: the log has an item that the catalogue does not hold.
        traitlets.TraitError: a hyperparameter that is out of bounds.

    Example:
        >>> import lifelong_widgets as lw
        >>> data = lw.datasets.load("bookshop", n_events=200)
        >>> workbench = Workbench(data, embedding_dim=8, epochs=1)
        >>> workbench["fusion"].value = "gated"
        >>> rec = workbench.build().result()
        >>> rec is workbench.recommender, workbench.results.loc[1, "fusion"]
        (True, 'gated')
        >>> workbench.close()
    """

    # A workbench whose construction failed is closed too.
    _handled = False
    job: Job[Recommender | None] | None = None
    recommender: Recommender | None = None

    def __init__(
        self,
        data: Dataset | Catalog,
        interactions: Interactions | None = None,
        *,
        graph: SocialGraph | None = None,
        n_events: int = 2_500,
        seed: int = 0,
        locale: str = "auto",
        **hyperparameters: Any,
    ) -> None:
        self._catalog, self._log = _of(data, interactions, n_events)
        check_graph(graph)
        self._graph = data.graph if graph is None and isinstance(data, Dataset) else graph
        self._seed = seed
        self._blocks = Blocks(hyperparameters)
        self._trials: list[Trial] = []
        self._progress: tuple[str, ProgressEvent] | None = None
        self._screen = threading.Lock()
        self._worker = Worker("workbench")
        self._tell = Throttle(self._worker, _TELL_SECONDS, self._show, at_once=True)
        super().__init__("workbench", locale)
        self.run = ipywidgets.Button()
        self.run.add_class("llw-primary")
        self.cancel = ipywidgets.Button(layout={"display": "none"})
        self.bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"display": "none", "width": "160px"})
        self.table = ipywidgets.HTML()
        self._actions = ipywidgets.Box([self.run, self.cancel, self.bar])
        self._actions.add_class("llw-workbench-actions")
        self.run.on_click(self._run)
        self.cancel.on_click(self._cancel)
        self._blocks["model"].observe(self._relabel, "value")
        self._handled = True
        self.start(*self._blocks.groups, self._actions, self.table)

    def __getitem__(self, name: str) -> Any:
        """The menu of the block `name`."""
        return self._blocks[name]

    @property
    def blocks(self) -> dict[str, Any]:
        """What the menus show: the blocks of the next build."""
        return self._blocks.chosen

    @property
    def results(self) -> pd.DataFrame:
        """One row a build: its blocks, HR@10 (with a 95 % interval) and nDCG@10 of all events and HR@10 of
        those of cold items (fewer than five events before), milliseconds of CPU time an event, the weights of
        a gated fusion, and the epsilon that a build in private has spent.
        """
        return frame(self._trials)

    def build(self) -> Job[Recommender | None]:
        """Begin to build and test what the menus show; the job's result is the recommender.

        It is None if the job was cancelled. What goes wrong is raised by ``result()`` and said in the panel.

        Raises:
            LifelongWidgetsError: another build is running, or the panel is closed.
        """
        if not self._handled:
            raise LifelongWidgetsError("this workbench is closed: make a new one")
        if self.job is not None and not self.job.done:
            raise LifelongWidgetsError("a build is running: wait for workbench.job.result(), or cancel it")
        blocks = self.blocks
        self._progress = None
        self.job = Job(self._worker, lambda job: self._steps(job, blocks), 2, lambda job: self._show())
        self._show()  # which the job may have done, too, before it had its place
        return self.job

    def close(self) -> None:
        """Leave the screen. A build that runs is cancelled; what was built stays yours."""
        if self._handled:
            self._handled = False
            self.run.on_click(self._run, remove=True)
            self.cancel.on_click(self._cancel, remove=True)
            self._blocks["model"].unobserve(self._relabel, "value")
            self._blocks.close()
            for widget in (self.run, self.cancel, self.bar):
                close_whole(widget)
            if self.job is not None:
                self.job.cancel()
            self._tell.close()
            self._worker.close()
        super().close()

    def label(self) -> None:
        """Write every label; those of the blocks are their parts' own."""
        self.caption.title = self.say("workbench.title")
        n = len(self._log)
        self.caption.help = self.say("workbench.help", learned=_n_fitted(n), n=n - _n_fitted(n))
        self.run.description = self.say("workbench.run")
        self.run.tooltip = self.caption.help
        self.cancel.description = self.cancel.tooltip = self.say("simulation.cancel")
        self._blocks.label(self.say, self.term)
        self._turn_off()
        self._show()

    def fallback_html(self) -> str:
        """The table, or the title if nothing was built yet."""
        return self._picture() or super().fallback_html()

    # ------------------------------------------------------------------------------------------ in here

    def _turn_off(self) -> None:
        """Leave no menu to touch that would change nothing, and say why."""
        missing = idle_modalities(self._catalog)
        idle = idle_with(self.blocks)
        why = {f"{modality}_features": self._missing([modality]) for modality in missing}
        named = [self.term(self._blocks.declared[block].label) for block in idle]
        alone = self.say(
            "workbench.idle.beside",
            model=self.term(self.blocks["model"]),
            menus=self.say("workbench.idle.and").join(named),
        )
        why |= dict.fromkeys(idle, alone)
        self._blocks.turn_off(why)
        self.caption.note = " ".join(
            ([self._missing(missing)] if missing else []) + ([alone] if idle else [])
        )

    def _missing(self, modalities: Sequence[str]) -> str:
        what = [self.say(f"workbench.idle.{modality}") for modality in modalities]
        return self.say("workbench.idle", n=len(what), what=self.say("workbench.idle.or").join(what))

    def _steps(
        self, job: Job[Recommender | None], blocks: dict[str, Any]
    ) -> Generator[int, None, Recommender | None]:
        """Build, fit and test, in the panel's own thread. A cancelled build leaves nothing behind."""

        def telling(phase: str) -> Any:
            def tell(event: ProgressEvent) -> None:
                if job.cancelled:
                    raise Stop
                self._progress = (phase, event)
                self._tell.touch()

            return tell

        chosen = blocks["person_features"]
        if chosen in OF_THE_GRAPH and self._graph is None:
            raise DataError(
                f"person_features={chosen!r} looks at who follows whom, and there is no graph: "
                "Workbench(data, graph=SocialGraph.from_pandas(…))"
            )
        learned = self._log[: _n_fitted(len(self._log))]
        yield 0  # so that the screen says at once that it has begun
        with contextlib.suppress(KeyboardInterrupt):  # what `fit` makes of a Stop where nothing is whole
            rec = Recommender(
                self._catalog,
                kinds=self._log.kinds,
                seed=self._seed,
                graph=self._graph,
                **{**self._blocks.fixed, **blocks},
            )
            if not job.cancelled:
                rec.fit(learned, progress=telling("learning"))
                yield 1
            if not job.cancelled:
                report = prequential(
                    rec,
                    self._log[len(learned) :],
                    LENGTH,
                    depth=LENGTH,
                    warm_up=learned,
                    progress=telling("testing"),
                )
                if report.error is not None:
                    raise LifelongWidgetsError(report.error)
                if not report.interrupted:
                    weights = rec.modality_weights() if blocks["fusion"] == "gated" else {}
                    users = self._log.user_codes[report.positions - 1].tolist()
                    epsilon = rec.privacy.epsilon if rec.privacy.on else None
                    self._trials.append(Trial.of(blocks, report, weights, users, epsilon))
                    self.recommender = rec
                    return rec
        return None

    def _run(self, _button: Any) -> None:
        self.caption.error = ""
        with self.telling():
            if self.job is None or self.job.done:
                self.build()

    def _cancel(self, _button: Any) -> None:
        if self.job is not None and not self.job.done:
            self.job.cancel()
            self._show()

    def _show(self) -> None:
        """Say how far the build is, and show what was built. Any thread: the last to write has the news."""
        with self._screen:
            self._draw()

    def _draw(self) -> None:
        job = self.job
        running = job is not None and not job.done
        self.caption.busy = running
        self.run.disabled = running
        self.bar.layout.display = self.cancel.layout.display = "" if running else "none"
        self.table.value = self._picture()
        if job is None:
            self.caption.text = self.say("workbench.invite")
        elif not running:
            error = job.error()
            self.caption.error = explain(error) if error else ""
            done = "workbench.cancelled" if error is None and job.result() is None else "workbench.done"
            self.caption.text = "" if error else self.say(done, n=len(self._trials))
        elif job.cancelled:
            self.caption.text = self.say("workbench.stopping")
        elif self._progress is None:
            self.bar.value = 0.0
            self.caption.text = self.say("workbench.preparing")
        else:
            phase, event = self._progress
            self.bar.value = event.done / max(1, event.total)
            self.caption.text = self.say(f"workbench.{phase}", done=event.done, total=event.total)

    def _picture(self) -> str:
        labels = {name: block.label for name, block in self._blocks.declared.items()}
        return picture(self._trials, self._blocks.defaults, labels, self.say, self.term)


def _n_fitted(n: int) -> int:
    return int(_FITTED * n)


def _of(data: object, interactions: object, n_events: object) -> tuple[Catalog, Interactions]:
    """The catalogue, and the beginning of the log."""
    if isinstance(data, Dataset) and interactions is None:
        return _of(data.catalog, data.interactions, n_events)
    if not isinstance(data, Catalog) or not isinstance(interactions, Interactions):
        raise DataError(
            "a Workbench takes a data set, Workbench(lw.datasets.load(…)), or a catalogue with a log, "
            f"Workbench(catalog, interactions), not {type(data).__name__} and {type(interactions).__name__}"
        )
    if isinstance(n_events, bool) or not isinstance(n_events, int) or n_events < _FEWEST:
        raise DataError(f"n_events must be a whole number of at least {_FEWEST}, not {n_events!r:.40}")
    log = interactions[:n_events]
    if len(log) < _FEWEST:
        raise DataError(f"the log has {len(log)} events; to learn and to test takes at least {_FEWEST}")
    unknown = [item for item in log.items if item not in data]
    if unknown:
        raise UnknownItemError(
            f"the log has an item that the catalogue does not hold: {unknown[0]!r:.80} "
            f"(of {len(unknown):,} such); catalog.add it first"
        )
    return data, log
