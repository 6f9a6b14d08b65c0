"""What holds for everything that was loaded, whatever the input was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Interactions
from lifelong_widgets.featurizers import FeatureSettings

PAYLOAD = "<script>open('pwned')</script><img src=x onerror=alert(1)>"
_TAGS = ("<script", "<img", "<a ", "<iframe", "<svg", "javascript:")


def sound_catalog(catalog: Catalog) -> None:
    """It can be shown, stored as JSON, made again from it, and turned into features."""
    assert all(type(id) in (str, int) for id in catalog.ids)
    assert len(set(catalog.ids)) == len(catalog) == len(list(catalog))
    safely_shown(catalog)
    catalog = catalog.subset(catalog.ids[:1000])
    for number, id in enumerate(catalog.ids):
        assert catalog.index_of(id) == number and catalog[id].id == id
    records = json.loads(json.dumps(catalog.to_records(), ensure_ascii=False, allow_nan=False).encode())
    assert list(Catalog.from_records(records, text=catalog.text_columns)) == list(catalog)
    assert len(catalog.to_pandas()) == len(catalog)
    items = list(catalog)[:100]
    features = FeatureSettings(n_text_components=4, max_words=1000).make(seed=0).fit(items)
    assert np.isfinite(features.transform(items)).all()


def sound_log(log: Interactions) -> None:
    """It is sorted, its events are events, and it survives the way through a frame."""
    assert len(log) > 0
    assert (np.diff(log.times) >= 0).all() and np.isfinite(log.times).all()
    for codes, names in (
        (log.user_codes, log.users),
        (log.item_codes, log.items),
        (log.kind_codes, log.kind_names),
    ):
        assert len(codes) == len(log) and 0 <= codes.min() <= codes.max() < len(names)
        assert len(set(names)) == len(names) and all(type(name) in (str, int) for name in names)
    assert np.isfinite(log.rewards).all() and not np.isinf(log.values).any()
    assert all(name in log.kinds for name in log.kind_names)
    first = log[:50]
    again = Interactions.from_pandas(first.to_pandas(), kinds=log.kinds)
    assert [(e.user, e.item, e.kind, e.value) for e in again] == [
        (e.user, e.item, e.kind, e.value) for e in first
    ]
    _as_json(first)
    safely_shown(log)


def sound_events(events: Iterable[Feedback]) -> None:
    """They can be stored as JSON and become a log."""
    given = list(events)
    _as_json(given)
    log = Interactions.from_events(given, times=[0.0] * len(given), kinds=_knowing(given))
    assert len(log) == len(given)


def sound_kinds(kinds: FeedbackKinds) -> None:
    """They survive the way through JSON."""
    text = json.dumps(kinds.to_dict(), ensure_ascii=False, allow_nan=False).encode()
    assert FeedbackKinds.from_dict(json.loads(text)) == kinds
    assert len(kinds) < 2**15 and harmless(repr(kinds))


def safely_shown(thing: Any) -> None:
    """Its pictures are short, and nothing in them is more than text."""
    line, page = repr(thing), thing._repr_html_()
    assert harmless(line) and len(line) < 5000, f"repr of {len(line)} characters: {line!r:.200}"
    assert harmless(page) and len(page) < 50_000
    assert not any(tag in page.lower() for tag in _TAGS)


def harmless(text: str) -> bool:
    """Nothing in it steers a terminal or reorders a line. Joiners are allowed: emoji are made with them."""
    return text.translate({ord(char): None for char in "\n\u200c\u200d"}).isprintable()


def _as_json(events: Iterable[Feedback]) -> None:
    for event in events:
        fields = [event.user, event.item, event.kind, event.time, event.value, event.shown, event.id]
        json.dumps(fields, ensure_ascii=False, allow_nan=False).encode()


def _knowing(events: list[Feedback]) -> FeedbackKinds:
    kinds = dict.fromkeys(event.kind for event in events)
    return FeedbackKinds.from_dict({name: {"name": name} for name in kinds})
