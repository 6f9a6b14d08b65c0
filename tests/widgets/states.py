"""What a kernel would have said: states for the front end's tests."""

from __future__ import annotations

import math
from typing import Any

from tests.widgets.shop import HOSTILE

ACTIONS = ["like", "dislike", "view", "purchase", "skip"]
TITLES = [
    "Contact",
    "Gattaca",
    HOSTILE,
    "Abyss, The",
    "Brazil",
    "Stalker",
    "A title that goes on" + " and on" * 20,
    "Cube",
]


def card(key: int, rank: int, **changes: Any) -> dict[str, Any]:
    """Card number `key` of the shop at a rank."""
    plain = {
        "key": key,
        "rank": rank,
        "title": TITLES[key],
        "categories": ["Drama", "<b>Sci-Fi</b>"],
        "score": 3.0 - rank / 10,
        "bar": 1 - rank / 10,
        "reason": "goes with <script>alert(2)</script>, which you liked" if key % 2 else "",
        "move": 0,
        "given": [],
    }
    return {**plain, **changes}


def list_snapshot(keys: list[int], version: int = 1, **changes: Any) -> dict[str, Any]:
    """A list of the cards `keys`, in that order."""
    plain = {
        "id": "the list",
        "session": "s1",
        "version": version,
        "user": "me",
        "mine": True,
        "cards": [card(key, rank) for rank, key in enumerate(keys, start=1)],
        "did": None,
        "clicks": 0,
        "latency": None,
        "undo": False,
        "journal": None,
    }
    return {**plain, **changes}


def list_state(keys: list[int] | None = None, **changes: Any) -> dict[str, Any]:
    """The traits of a `RecommendationList`."""
    return {"actions": ACTIONS, "locale": "en", "snapshot": list_snapshot(keys or list(range(8)), **changes)}


LIKED = {
    "kind": "like",
    "label": "Like",
    "title": "Alien",
    "n": 1,
    "undone": False,
    "user": None,
    "moved": 3,
    "total": 8,
    "up": ["Sci-Fi"],
    "down": ["Comedy"],
}


def chart_state(visits: int = 400, **changes: Any) -> dict[str, Any]:
    """The traits of a `MetricsChart` after `visits` visits."""
    steps = range(1, visits + 1)
    rows = [
        list(steps),
        [0.25 + 0.05 * math.sin(n / 40) for n in steps],
        [0.1 for _ in steps],
        [3 - n / visits for n in steps],
        [2.5 for _ in steps],
    ]
    plain = {
        "visits": visits,
        "inWindow": min(visits, 200),
        "window": 200,
        "needed": 20,
        "own": 3,
        "live": 0.246 if visits >= 20 else None,
        "frozen": 0.093 if visits >= 20 else None,
        "loss": 2.04,
        "latency": 2.5,
        "drift": "steady",
        "marks": [{"kind": "swap", "visit": 100}, {"kind": "alarm", "visit": 160}],
        "curve": {"$float32": [value for row in rows for value in row]},
    }
    return {"locale": "en", "snapshot": {**plain, **changes}}


def memory_state(**changes: Any) -> dict[str, Any]:
    """The traits of a `MemoryStrip`."""
    plain = {
        "version": 1,
        "kept": 120,
        "seen": 2300,
        "capacity": 120,
        "retention": "reservoir",
        "every": 1,
        "categories": [{"name": "<i>Drama</i>", "share": 0.75}, {"name": "Comedy", "share": 0.2}],
        "other": 0.05,
        "replayed": 7,
        "colours": {"$uint8": [0, 0, 0, 1, 255, 0] * 20},
        "heights": {"$uint8": [120, 255, 160, 255, 90, 255] * 20},
        "hot": {"$uint8": [0, 0, 1, 0, 0, 0] * 20},
    }
    return {"locale": "en", "snapshot": {**plain, **changes}}


def caption_state(**changes: Any) -> dict[str, Any]:
    """The traits of a `Caption`."""
    plain = {
        "title": "How it learns",
        "text": "takes effect at the next click",
        "error": "",
        "note": "",
        "help": "",
        "busy": False,
    }
    return {"locale": "en", "language": "en", **plain, **changes}


WHY = {
    "score": 2.9,
    "parts": [
        {"part": "baseline", "amount": -3.2},
        {"part": "popularity", "amount": 3.6},
        {"part": "neighbors", "amount": 2.5},
    ],
    "fast": 6.1,
    "slow": 0.0,
    "events": [
        {"kind": "like", "label": "Like", "title": HOSTILE, "amount": 1.25},
        {"kind": "hum", "label": "Hummed", "title": "Alien", "amount": -0.5},
    ],
    "features": [
        {"modality": "text", "name": "<b>space</b>", "amount": 0.75},
        {"modality": "text", "name": None, "amount": 0.25},
    ],
    "value": None,
    "changed": None,
}
"""What the kernel answers to "why?"."""
