"""What is closed goes, and what stays open does not grow with every click."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping
from typing import Any

import comm
import pytest
from ipywidgets.widgets.widget import _instances

from lifelong_widgets.data import Id
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets import LiveSession, RecommendationList, Studio
from lifelong_widgets.widgets import answers as answers_module
from lifelong_widgets.widgets import inbox as inbox_module
from lifelong_widgets.widgets import lists as lists_module
from lifelong_widgets.widgets import marks as marks_module
from lifelong_widgets.widgets import scoreboard as scoreboard_module
from lifelong_widgets.widgets import session as session_module
from tests.widgets.shop import shop


def observers(rec: Recommender) -> int:
    """How many handlers wait for changes of hyperparameters."""
    notifiers = [part._trait_notifiers for part in rec.parts.values()]
    return sum(
        len(handlers) for names in notifiers for kinds in names.values() for handlers in kinds.values()
    )


def test_fifty_studios_opened_and_closed_leave_nothing_behind() -> None:
    rec = shop()
    LiveSession(rec).call(rec.learn_one, user="me", item="b0")  # whatever an engine makes once
    watched = observers(rec)
    gc.collect()
    widgets, comms = len(_instances), len(comm.get_comm_manager().comms)
    threads = set(threading.enumerate())
    gone: list[weakref.ref[Any]] = []
    for number in range(50):
        session = LiveSession(rec, k=5)
        studio = Studio(session)
        session.feedback(f"b{number % 30}", "view").result()
        gone += [weakref.ref(part) for part in (session, session.twin, studio, studio.list, studio.controls)]
        studio.close()
        assert len(session._listeners) == 0
        session.close()
        del session, studio
    for _ in range(100):  # a timer of the last may be on its way
        gc.collect()
        if not any(name() for name in gone) and set(threading.enumerate()) <= threads:
            break
        time.sleep(0.05)
    assert [name() for name in gone if name() is not None] == []
    assert set(threading.enumerate()) <= threads
    assert (len(_instances), len(comm.get_comm_manager().comms)) == (widgets, comms)
    assert id(rec) not in session_module._SESSIONS
    assert observers(rec) == watched


def size(thing: Any, seen: set[int]) -> int:
    """How many things a session of ours holds, its models left aside."""
    if isinstance(thing, Mapping):
        inside = [*thing, *thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset, deque)):
        inside = list(thing)
    elif type(thing).__module__.startswith("lifelong_widgets.widgets."):
        slots = [
            getattr(thing, name) for name in getattr(type(thing), "__slots__", ()) if hasattr(thing, name)
        ]
        inside = [*getattr(thing, "__dict__", {}).values(), *slots]
    else:
        return 1
    if id(thing) in seen:
        return 1
    seen.add(id(thing))
    return 1 + sum(size(part, seen) for part in inside)


def test_a_session_does_not_grow_with_its_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, small in [
        (answers_module, "_SECONDS", 0.0),  # else it depends on the machine how many clicks share a list
        (inbox_module, "_KEPT_PAGES", 4),
        (scoreboard_module, "WINDOW", 20),
        (scoreboard_module, "SMOOTH", 5),
        (session_module, "_KEPT_CLICKS", 20),
        (lists_module, "_KEPT_LISTS", 4),
        (lists_module, "_KEPT_PEOPLE", 4),
        (lists_module, "_KEPT_OWNERS", 20),
        (marks_module, "_KEPT_PEOPLE", 4),
        (marks_module, "_KEPT_ITEMS", 4),
    ]:
        monkeypatch.setattr(module, name, small)
    session = LiveSession(shop(60), k=5)
    widget = RecommendationList(session)

    def click(first: int, last: int) -> int:
        for number in range(first, last):
            person: Id = f"person {number}" if number % 2 else "me"
            session.feedback(f"b{number % 60}", "view", click=f"c{number}", user=person)
            message = {"type": "feedback", "id": f"w{number}", "key": number % 60, "kind": "view"}
            widget._on_message(widget, {**message, "page": f"page {number // 7}", "n": 1 + number % 7}, [])
            if number % 10 == 0:
                session.undo()
        session.wait()
        return session.worker.call(size, session, set())

    before = click(0, 70)  # until the windows of the scoreboard are full
    after = click(70, 210)
    assert after <= 1.05 * before
    widget.close()
