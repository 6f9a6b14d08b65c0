"""What a copy recommends with: taken of a live model, and brought up to date with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.encoders import Contexts
from lifelong_widgets.compression.following import Touched, Twin, parts_of
from lifelong_widgets.compression.linear import CompactLinear
from lifelong_widgets.compression.live import Live, contexts_of
from lifelong_widgets.compression.methods import Plan
from lifelong_widgets.compression.parts import (
    gate_tree,
    histories_tree,
    small_tree,
    take_gate,
    take_histories,
    take_small,
)
from lifelong_widgets.compression.rows import Matrix
from lifelong_widgets.compression.serving_network import ServingNetwork
from lifelong_widgets.compression.serving_values import ServingValues
from lifelong_widgets.compression.tables import CompactTable
from lifelong_widgets.compression.teaching import TuningSteps
from lifelong_widgets.compression.tuning import tuned_linear
from lifelong_widgets.data import FeedbackKinds
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.memory import Content, EpisodicMemory, Gate, Ranker
from lifelong_widgets.memory.linear import LinearMemory
from lifelong_widgets.memory.neighbor_table import NeighborTable
from lifelong_widgets.memory.popularity import PopularityBank
from lifelong_widgets.models import Histories


class ServingParts:
    """The parts of a copy, each the smaller twin of one of a live model.

    Attributes:
        plan: how they were made smaller.
        kinds: what feedback is worth.
        users: who the people of `histories` are.
        network: the slow memory.
        memory: the fast one.
        gate: what weighs them.
        histories: what people did.
        people: the features of people, (n_people, width), or None.
        bounds: where each modality of the content begins and ends.
        weights: what each modality counts.
        values: of items, where the live model learns them.
        interrupted: whether what `tune` or `distill` teach was stopped before its end.
        ranker: makes a list of all that.
    """

    plan: Plan
    kinds: FeedbackKinds
    users: IdIndex
    network: ServingNetwork
    memory: EpisodicMemory
    gate: Gate
    histories: Histories
    people: NDArray[np.float32] | None
    bounds: tuple[int, ...]
    weights: NDArray[np.float32]
    values: ServingValues | None
    interrupted: bool
    ranker: Ranker
    _twin: Twin
    _n_described: int

    @classmethod
    def of(cls, live: Live, plan: Plan, steps: TuningSteps) -> ServingParts:
        """The parts of a live model, as small as `plan` says; `steps` are told of each step of teaching."""
        made = cls()
        made.plan, made.kinds, made._n_described = plan, live.kinds, len(live.network.items)
        made.users = IdIndex(name="user")
        made.users.extend(live.users)

        def contexts() -> Contexts:
            return contexts_of(live)

        def tuned(model: LinearMemory, steps: TuningSteps) -> Matrix | None:
            if plan.tuning is None:
                return None
            return tuned_linear(model, plan, contexts(), plan.tuning.n_steps, steps)

        def linear(model: LinearMemory) -> LinearMemory:
            return CompactLinear(model, lambda matrix: plan.held(matrix, "linear"), tuned, steps)

        made.network = ServingNetwork(live.network, plan, contexts, steps)
        made.memory = live.memory.held_by(made._table, linear)
        made.gate, made.histories = live.gate.copy(), live.histories.copy()
        made.people = live.people.rows(range(len(live.users)))
        made.weights, made.bounds = live.content.weights().copy(), live.content.bounds
        made.values = ServingValues(live, plan, steps) if live.value.on else None
        if plan.bits < 32:
            made._round_small()
        made._twin = Twin(parts_of(live.memory, live.gate), parts_of(made.memory, made.gate))
        made.interrupted = steps.stopped
        made.make_ranker()
        return made

    def follow(self, live: Live, touched: Touched, steps: TuningSteps) -> int:
        """Make what was touched since anew; how many rows that were."""
        self.kinds = live.kinds
        network = live.network
        moved, described = touched.items(len(network.items))
        if network.learned is not None:  # an undo reads again the texts of items that came since
            described = np.union1d(described, np.arange(self._n_described, len(network.items)))
        self.network.copy_items(network, moved, described, steps)
        if touched.dense:
            self.network.encode_dense(network, steps)
            self.weights = live.content.weights().copy()
        n = len(moved) + len(described)
        if self.values is not None:
            valued = touched.valued(len(network.items))
            self.values.copy_items(live.value, valued, steps)
            n += len(valued)
        n += self._twin.follow(touched, steps)  # after the items that it may name
        counted = touched.rows_of("memory/popularity", PopularityBank.NOTED)
        self.memory.newcomers.copy_items(live.memory.newcomers, counted)
        self._copy_people(live, touched)
        self.interrupted = self.interrupted or steps.stopped
        self.ranker.changed()
        return n

    def n_rows(self) -> int:
        """How many there are, of items, tables and people."""
        tables = sum(
            len(table.taken) if type(table) is NeighborTable else len(table)
            for table in self.memory.tables.values()
        )
        return 2 * len(self.network) + tables + len(self.users)

    def make_ranker(self) -> None:
        """Rank by these parts from now on, as they are and as they will be."""
        self.ranker = Ranker(
            self._scores,
            Content(lambda items: self.network.content_of(items), self.bounds, lambda: self.weights),
            self.memory,
            self.gate,
            self.histories,
            self.values,
            0.0 if self.values is None else self.values.substitution,
            self._rows_of,
        )

    def _round_small(self) -> None:
        """What the file will hold is what is served."""
        plan, n_items, n_people = self.plan, len(self.network), len(self.users)
        take_small(self.memory, small_tree(self.memory, plan), plan, n_items)
        take_gate(self.gate, gate_tree(self.gate, plan), plan, n_items, n_people)
        take_histories(self.histories, histories_tree(self.histories, plan), plan, n_people)

    def _table(self, table: NeighborTable) -> NeighborTable:
        if self.plan.bits == 32:
            twin = NeighborTable(table.capacity)
            twin.set_state(table.get_state(), max(len(table), int(table._neighbors.max(initial=0))))
            return twin
        kept = None if self.plan.neighbors is None else self.plan.neighbors.kept
        small = CompactTable(table.capacity, self.plan.bits, kept)
        small.copy_rows(table, table.taken)
        return small

    def _scores(
        self, items: NDArray[np.int64], rewards: NDArray[np.float32], people: NDArray[np.float32] | None
    ) -> Iterator[NDArray[np.float32]]:
        return map(self.network.scores, items, rewards, [None] * len(items) if people is None else people)

    def _rows_of(self, people: Sequence[int | None]) -> NDArray[np.float32] | None:
        """The features that people had when these were last brought up to date."""
        if self.people is None:
            return None
        rows = np.zeros((len(people), self.people.shape[1]), dtype=np.float32)
        for place, person in enumerate(people):
            if person is not None and person < len(self.people):
                rows[place] = self.people[person]
        return rows

    def _copy_people(self, live: Live, touched: Touched) -> None:
        """Their ids, histories and features."""
        people = touched.people(len(live.histories))
        self.users.truncate(min(touched.n_users, len(self.users), len(live.users)))
        self.users.extend(live.users.ids[len(self.users) :])
        self.histories.copy_people(live.histories, people)
        if self.people is not None and len(people):
            rows = live.people.rows(people.tolist())
            kept = np.zeros((len(live.users), self.people.shape[1]), dtype=np.float32)
            n = min(len(kept), len(self.people))
            kept[:n] = self.people[:n]
            kept[people] = rows
            self.people = kept
