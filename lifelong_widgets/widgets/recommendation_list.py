"""The list of recommendations, which learns from every click on it."""

from __future__ import annotations

import contextlib
import html
import math
from collections.abc import Callable
from typing import Any

import traitlets

from lifelong_widgets.data import Id
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.explanation import Reason
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets.assets import script, style
from lifelong_widgets.widgets.budget import budget, sentence
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.lists import Did, Shown
from lifelong_widgets.widgets.session import ME, LiveSession
from lifelong_widgets.widgets.view import SessionWidget, table
from lifelong_widgets.widgets.whys import Whys
from lifelong_widgets.widgets.wording import categories, explain, name, text

_FIRST = ("like", "dislike", "view", "purchase", "skip")  # of the buttons: they have an icon and a key


class RecommendationList(SessionWidget):
    """What is recommended to a person; a click teaches the model and the list re-ranks at once.

    Each card says rank, title, categories, how its score compares, and why it is there, and has a button for
    every kind of feedback that the recommender knows: first like, dislike, open (``view``), buy
    (``purchase``) and skip, then the others with their `FeedbackKind.label`; what does not fit unfolds behind
    "more". The bar of a card is the softmax of the scores, relative to the best: equal scores, equal bars.
    "Why?" opens what its score is made of (see `Recommender.explain`), which is computed only then, and again
    with each new list as long as it is open; with a `discount` also its chance, its value and its TD error.
    Keys on a card: l, d, o, b, s and w; the arrows, Home and End move between cards and buttons. If others
    have clicked since, as a simulated crowd does, the line above the cards names what Undo takes back.
    Where learning is private, what is spent of the budget stands above the cards, and there is no Undo.

    Args:
        engine: a recommender, or the session that its widgets share.
        user: whose list; by default the session's current person, and then it follows the user picker, as it
            does when `user` is forgotten.
        k: how many cards; it belongs to the session, so other widgets on it follow.
        locale: the language of the labels: ``"auto"`` (as the browser), ``"en"`` or ``"zh"``.

    Raises:
        DataError: `user` is not an id, or `k` is less than 1.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> widget = RecommendationList(Recommender(shelf, embedding_dim=8), user="ada")
        >>> [card["rank"] for card in widget.snapshot["cards"]]
        [1, 2, 3]
        >>> widget.close()
    """

    _esm = script("recommendation_list")
    _css = style("recommendation_list")
    frame_seconds = 0.3

    actions = traitlets.List(traitlets.Unicode(), help="The kinds of feedback that have a button.").tag(
        sync=True
    )
    labels = traitlets.Dict(help="What each of them is called, by its name.").tag(sync=True)

    def __init__(
        self,
        engine: Recommender | LiveSession,
        user: Id | None = None,
        *,
        k: int | None = None,
        locale: str = "auto",
    ) -> None:
        self._own_user = None if user is None else as_id(user, "user")
        session = LiveSession.of(engine)
        if k is not None:
            session.set_length(k).result()
        super().__init__(session, locale=locale)

    @property
    def user(self) -> Id:
        """Whose list this is."""
        return self.session.user if self._own_user is None else self._own_user

    def close(self) -> None:
        """Leave the screen, and stop listening to the session."""
        if self._stop is not None:
            with contextlib.suppress(LifelongWidgetsError):  # the session may be closed already
                self.session.worker.call(self.session.lists.unwatch, self._watched)
        super().close()

    def make_snapshot(self) -> dict[str, Any]:
        """The cards, what the last click did, and the figures of the status line."""
        shown = self.session.shown(self.user)
        return {
            "id": self._wire_id,
            "session": self.session.name,
            "version": shown.version,
            "user": name(shown.user),
            "mine": shown.user == ME,
            "cards": self._cards(shown),
            "did": None if shown.did is None else self._did(shown.did, len(shown.recommendations)),
            **self._status_line(),
        }

    def fallback_html(self) -> str:
        """The list as a plain table."""
        snapshot = self.snapshot
        rows = [
            [
                card["rank"],
                card["title"],
                " · ".join(card["categories"]),
                f"{card['score']:.3f}",
                card["reason"],
            ]
            for card in snapshot["cards"]
        ]
        shown = table(f"For {snapshot['user']}", ["", "title", "categories", "score", "reason"], rows)
        account = snapshot["privacy"]
        return shown if account is None else f"{shown}<p>{html.escape(sentence(account))}</p>"

    def _start(self) -> Callable[[], None]:
        kinds = self.session.rec.kinds
        self.actions = [
            *(kind for kind in _FIRST if kind in kinds),
            *(kind for kind in kinds if kind not in _FIRST),
        ]
        self.labels = {kind: name(kinds[kind].label) for kind in self.actions}
        self._whys = Whys(self.session.rec)
        self._wire_id: str = self.model_id  # which a closed widget has no more
        self._watched = self.user
        self.session.lists.watch(self._watched)
        return super()._start()

    def _status_line(self) -> dict[str, Any]:
        session = self.session
        return {
            "clicks": session.scores.clicks,
            "latency": session.scores.latency,
            "undo": session.can_undo,
            "next": self._next(),
            "journal": None if session.rec.journal is None else name(session.rec.journal.folder.name),
            "privacy": budget(session.rec, self.user),
        }

    def _next(self) -> dict[str, Any] | None:
        """What Undo takes back, if it is not what this list says was done last."""
        session, latest = self.session, self.session.latest
        if latest is None or latest.told == self.user or not session.can_undo:
            return None
        act = latest.act
        return {
            "kind": act.kind,
            "label": name(session.rec.kinds[act.kind].label),
            "title": text(session.rec.catalog[act.item].title),
            "user": None if act.user is None else name(act.user),
            "running": session.job is not None and not session.job.done,
        }

    def _send_frame(self) -> None:
        self.send({"type": "status", **self._status_line()})
        self._save.touch()

    def _cards(self, shown: Shown) -> list[dict[str, Any]]:
        index, marks = self.session.rec.catalog.index, self.session.marks
        scores = shown.recommendations.scores
        best = max(scores, default=0.0)
        return [
            {
                "key": index.get(row.item),
                "rank": row.rank,
                "title": text(row.title),
                "categories": categories(row.categories),
                "score": row.score,
                "bar": math.exp(row.score - best),  # of the softmax, the denominators are the same
                "reason": text(row.reason),
                "why": row.reason.key if isinstance(row.reason, Reason) else None,
                "cause": text(row.reason.cause) if isinstance(row.reason, Reason) else "",
                "move": shown.places.get(row.item, 0),
                "given": marks.of(shown.user, row.item),
            }
            for row in shown.recommendations
        ]

    def _did(self, did: Did, total: int) -> dict[str, Any]:
        act, moves = did.act, did.movement
        return {
            "kind": act.kind,
            "label": name(self.session.rec.kinds[act.kind].label),
            "title": text(self.session.rec.catalog[act.item].title),
            "n": did.n,
            "undone": act.undone,
            "withheld": act.withheld,
            "user": None if act.user is None else name(act.user),
            "moved": moves.moved,
            "total": total,
            "up": categories(moves.up),
            "down": categories(moves.down),
        }

    def _on_change(self, change: Change) -> None:
        if (
            change.what == "people"
            and self._own_user is not None
            and self._own_user in self.session.forgotten
        ):
            self._own_user = None
        super()._on_change(change)
        if change.what == "people":
            self._whys.forget()
        if change.what == "people" or (change.what == "user" and self._own_user is None):
            self._look_on()
        elif change.what == "list" and self._concerns_us(change):
            self._send_list(change.clicks)
        elif change.what == "job":
            self._frame.touch()  # when a simulation ends, it is settled what Undo takes back
        elif change.what == "error" and change.clicks:
            self._refuse(change.clicks, change.message)

    def _look_on(self) -> None:
        """Show whoever is looking now."""
        self.session.lists.unwatch(self._watched)
        self._watched = self.user
        self.session.lists.watch(self._watched)
        self._send_list()

    def _concerns_us(self, change: Change) -> bool:
        """Whether the list is shown here, or may answer a click from before somebody else looked on."""
        return change.user == self._watched or (self._own_user is None and bool(change.clicks))

    def _send_list(self, answers: tuple[str, ...] = ()) -> None:
        self.send({"type": "list", "answers": list(answers), "snapshot": self.make_snapshot()})
        self._save.touch()

    def _refuse(self, clicks: tuple[str, ...], message: str) -> None:
        self.send({"type": "error", "answers": list(clicks), "message": message})

    def _on_message(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """A click or an undo. What is wrong with it is said in the widget: nobody would see an exception."""
        if not isinstance(message, dict) or not isinstance(message.get("id"), str):
            return
        self.session.inbox.put(message, self._take)

    def _take(self, message: dict[str, Any]) -> None:
        click = message["id"]
        try:
            if message.get("type") == "undo":
                self.session.undo(1, click, self._own_user)
            elif message.get("type") == "why":
                self.session.worker.submit(
                    self._answer_why, click, self._item(message), message.get("version")
                )
            else:
                # Whoever looks on now need not be who clicked: the version says whose list it was.
                self.session.feedback(
                    self._item(message),
                    str(message.get("kind")),
                    click,
                    self._own_user,
                    message.get("version"),
                )
        except LifelongWidgetsError as error:
            self._refuse((click,), explain(error))

    def _answer_why(self, question: str, item: Id, version: Any) -> None:
        """Say why an item is in the list that was on screen. Owner thread."""
        lists = self.session.lists
        owner = lists.owner(version) if type(version) is int else None
        try:
            why = self._whys.of(self._watched if owner is None else owner, item, version if owner else 0)
        except LifelongWidgetsError as error:
            self._refuse((question,), explain(error))
            return
        key = self.session.rec.catalog.index_of(item)
        self.send({"type": "why", "answers": [question], "key": key, "why": why})

    def _item(self, message: dict[str, Any]) -> Id:
        key, ids = message.get("key"), self.session.rec.catalog.ids
        if type(key) is not int or not 0 <= key < len(ids):
            raise DataError(f"the click names no item of the catalogue: {key!r:.40}")
        return ids[key]
