"""One entry of the log: what it holds, how it is written as a row, and how a row is checked when read."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lifelong_widgets.data import Feedback, FeedbackKinds
from lifelong_widgets.data.ids import Id, as_id
from lifelong_widgets.data.social import Edge, edge_of
from lifelong_widgets.errors import DataError, FormatError

Row = tuple[Any, ...]
"""The cells of one row of the table `entries`, in the order of `COLUMNS`."""

COLUMNS = (
    "id", "op", "recorded", "user", "item", "kind", "time", "value", "shown", "event", "call", "body",
    "checksum",
)  # fmt: skip


LARGEST_ID = 10**12 - 1
"""More than anybody will ever write; what is larger was written by somebody else."""


class Op(StrEnum):
    """What an entry records."""

    LEARN = "learn"
    OBSERVE = "observe"
    LEARN_MANY = "learn_many"
    EVENT = "event"
    FIT = "fit"
    ADD = "add"
    SET = "set"
    KINDS = "kinds"
    UNDO = "undo"
    FORGET = "forget"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"


EVENT_OPS = frozenset({Op.LEARN, Op.OBSERVE, Op.EVENT})
"""The ops whose entries are one event each."""

EDGE_OPS = frozenset({Op.FOLLOW, Op.UNFOLLOW})
"""The ops whose entries are one edge each. All others carry a body."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a journal.

    Attributes:
        id: 1, 2, 3 … in the order of writing. Ids are never used again: forgetting leaves holes.
        op: what it records.
        recorded: when it was written, seconds since 1970-01-01 UTC.
        feedback: the event of a LEARN, OBSERVE or EVENT entry.
        edge: who follows whom from a FOLLOW entry on, or no longer from an UNFOLLOW (whose weight is 1).
        call: for EVENT, the id of the LEARN_MANY entry before it, or of the FIT entry after it, that it is
            part of.
        body: of the other ops, as JSON has it:
            LEARN_MANY ``{"batch_size"}``; FIT ``{"max_epochs"}`` (or None); ADD ``{"start", "stop"}``, the
            places of the new items; SET ``{"part", "name", "value"}``; KINDS as `FeedbackKinds.to_dict`;
            UNDO ``{"taken_back": [[first, last], …]}``, ids of entries, both ends included;
            FORGET ``{"salt", "hash", "n_events", "first"}``, see `tombstones`.
    """

    id: int
    op: Op
    recorded: float
    feedback: Feedback | None = None
    call: int | None = None
    body: dict[str, Any] | None = None
    edge: Edge | None = None

    def is_of(self, user: Id | None) -> bool:
        """Whether it is an event of `user`, or an edge from or to them."""
        if self.edge is not None:
            return user in self.edge[:2]
        return self.feedback is not None and self.feedback.user == user


# ---- writing -------------------------------------------------------------------------------------------


def event_row(id: int, op: Op, recorded: float, feedback: Feedback, call: int | None) -> Row:
    """The row of an event.

    Raises:
        DataError: an op of another sort, a call where none belongs, or text that no file can store.
    """
    if op not in EVENT_OPS:
        raise DataError(f"an event is recorded as learn, observe or event, not as {op!r:.80}")
    if (call is None) is (op is Op.EVENT):
        raise DataError(f"an entry of the op {op.value!r} has call={call!r:.80}; only 'event' has one")
    shown = feedback.shown
    return _with_checksum(
        (
            id,
            op.value,
            recorded,
            as_id(feedback.user, "user"),
            as_id(feedback.item, "item"),
            feedback.kind,
            _stored(feedback.time),
            _stored(feedback.value),
            None if shown is None else to_json([as_id(item, "shown item") for item in shown]),
            feedback.id,
            call,
            None,
        )
    )


def edge_row(id: int, op: Op, recorded: float, edge: Edge) -> Row:
    """The row of an edge: who follows as the user, who is followed as the item, the weight as the value.

    Raises:
        DataError: an op of another sort, or an edge that cannot be.
    """
    if op not in EDGE_OPS:
        raise DataError(f"an edge is recorded as follow or unfollow, not as {op!r:.80}")
    source, target, weight = edge_of(*edge)
    value = weight if op is Op.FOLLOW else None
    return _with_checksum((id, op.value, recorded, source, target, None, None, value, None, None, None, None))


def body_row(id: int, op: Op, recorded: float, body: dict[str, Any]) -> Row:
    """The row of an entry that is no event.

    Raises:
        DataError: the body is not what `Entry` says about the op.
    """
    if op in EVENT_OPS | EDGE_OPS:
        verb = "append_edges" if op in EDGE_OPS else "append_event"
        raise DataError(f"the op {op.value!r} has no body; use {verb}")
    problem = _problem(id, op, body)
    if problem:
        raise DataError(f"the body {body!r:.200} does not belong to the op {op.value!r}: {problem}")
    return _with_checksum(
        (id, op.value, recorded, None, None, None, None, None, None, None, None, to_json(body))
    )


def to_json(value: Any) -> str:
    """`value` as compact JSON, the same text for the same value.

    Raises:
        DataError: a value that JSON cannot hold, such as NaN.
    """
    try:
        return _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{value!r:.200} cannot be written as JSON: {error}") from None


def checksum(cells: Row) -> int:
    """CRC-32 of the cells as JSON: finds what a failing disk changed, not what somebody forged.

    Raises:
        DataError: a text with a lone surrogate.
    """
    try:
        return zlib.crc32(_encode(cells).encode())
    except UnicodeEncodeError:
        raise DataError(f"{cells!r:.200} holds a lone surrogate, which no file can store") from None


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def _with_checksum(cells: Row) -> Row:
    return (*cells, checksum(cells))


def _stored(number: float | None) -> float | None:
    return None if number is None else number + 0.0  # SQLite stores no negative zero; the checksum sees it


# ---- reading -------------------------------------------------------------------------------------------


def entry_of(row: Row, file: str) -> Entry:
    """The entry that a row holds; `file` is for the message.

    Raises:
        FormatError: the row is damaged, or was not written by `event_row` or `body_row`.
    """
    try:
        return _checked(row)
    except (DataError, ValueError) as error:
        raise FormatError(f"{file} is damaged at entry {row[0]!r:.80}: {error!s:.300}") from None


def _checked(row: Row) -> Entry:
    id, op, recorded, user, item, kind, time, value, shown, event, call, body, written = row
    if written != _computed(row[:-1]):
        raise ValueError("its checksum is wrong")
    if type(id) is not int or not 1 <= id <= LARGEST_ID:
        raise ValueError(f"its id is not a number from 1 to {LARGEST_ID}")
    if type(recorded) is not float or not math.isfinite(recorded):
        raise ValueError(f"it was recorded at {recorded!r:.80}")
    op = Op(op)
    if op in EVENT_OPS:
        if body is not None:
            raise ValueError("an event has a body")
        if op is not Op.EVENT and call is not None:
            raise ValueError(f"the op {op.value!r} has a call")
        if op is Op.EVENT and (type(call) is not int or call < 1 or call == id):
            raise ValueError(f"it is part of the call {call!r:.80}")
        for number in (time, value):
            if number is not None and type(number) is not float:
                raise ValueError(f"a number is {number!r:.80}")
        feedback = Feedback(as_id(user, "user"), as_id(item, "item"), kind, time, value, _shown(shown), event)
        return Entry(id, op, recorded, feedback, call)
    if op in EDGE_OPS:
        if any(cell is not None for cell in (kind, time, shown, event, call, body)):
            raise ValueError("an edge has the cells of an event, or a body")
        if type(value) is not (float if op is Op.FOLLOW else type(None)):
            raise ValueError(f"the weight of an edge is {value!r:.80}")
        return Entry(id, op, recorded, edge=edge_of(user, item, 1.0 if value is None else value))
    if any(cell is not None for cell in (user, item, kind, time, value, shown, event, call)):
        raise ValueError(f"the op {op.value!r} has the cells of an event")
    found = from_json(body)
    problem = _problem(id, op, found)
    if problem:
        raise ValueError(problem)
    return Entry(id, op, recorded, body=found)


def _computed(cells: Row) -> int | None:
    try:
        return checksum(cells)
    except (DataError, ValueError, TypeError):  # bytes, or an infinite number: never written by us
        return None


def from_json(text: object) -> Any:
    """What `to_json` wrote.

    Raises:
        ValueError: not a JSON text, or one that holds what `to_json` does not write.
    """
    if type(text) is not str:
        raise ValueError(f"a JSON text is {text!r:.80}")
    try:
        found = json.loads(text, parse_constant=_refuse_constant)
        if "\\u" in text:  # an escape can hold half a character, which a UTF-8 text cannot
            _encode(found).encode()
    except UnicodeEncodeError:
        raise ValueError("a JSON text holds a lone surrogate") from None
    except RecursionError:
        raise ValueError("a JSON text is nested too deeply") from None
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"a JSON text holds {name}")


def _shown(text: str | None) -> tuple[Any, ...] | None:
    if text is None:
        return None
    items = from_json(text)
    if type(items) is not list:
        raise ValueError("the list that was shown is no list")
    return tuple(as_id(item, "shown item") for item in items)


# ---- bodies: one list of rules, for writing and for reading ---------------------------------------------


def _problem(id: int, op: Op, body: Any) -> str:
    """What is wrong with the body of an entry, or the empty string."""
    if type(body) is not dict:
        return "it is no mapping"
    if op is Op.KINDS:
        return _kinds_problem(body)
    rules = _RULES[op]
    if set(body) != set(rules):
        return f"it has the keys {', '.join(map(repr, body))}, not {', '.join(map(repr, rules))}"
    wrong = [name for name, holds in rules.items() if not holds(body[name])]
    if wrong:
        return f"{wrong[0]!r} is {body[wrong[0]]!r:.80}"
    if op is Op.ADD and body["stop"] < body["start"]:
        return "'stop' lies before 'start'"
    if op is Op.UNDO and any(last >= id for _, last in body["taken_back"]):
        return "it takes back what came later"
    if op is Op.FORGET and body["first"] > id:
        return "'first' came later"
    return ""


def _kinds_problem(body: dict[str, Any]) -> str:
    try:
        kinds = FeedbackKinds.from_dict(body)
    except DataError as error:
        return str(error)
    return "" if kinds.to_dict() == body else "it is not what FeedbackKinds.to_dict() gives"


def _natural(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _positive(value: object) -> bool:
    return _natural(value) and value != 0


def _text(value: object) -> bool:
    return type(value) is str


def _hex(value: object) -> bool:
    return type(value) is str and len(value) in (32, 64) and set(value) <= set("0123456789abcdef")


def _setting(value: object) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (bool, str) or (type(value) is int and -(2**63) <= value < 2**63)


def _ranges(value: object) -> bool:
    return type(value) is list and all(
        type(pair) is list and len(pair) == 2 and all(map(_positive, pair)) and pair[0] <= pair[1]
        for pair in value
    )


_RULES: dict[Op, dict[str, Callable[[object], bool]]] = {
    Op.LEARN_MANY: {"batch_size": _positive},
    Op.FIT: {"max_epochs": lambda value: value is None or _natural(value)},
    Op.ADD: {"start": _natural, "stop": _natural},
    Op.SET: {"part": _text, "name": _text, "value": _setting},
    Op.UNDO: {"taken_back": _ranges},
    Op.FORGET: {"salt": _hex, "hash": _hex, "n_events": _natural, "first": _positive},
}
