"""What catalogues and logs show of themselves is safe to print."""

from __future__ import annotations

import pandas as pd
import pytest

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKind, Interactions
from lifelong_widgets.data.display import printable, shorten

EVIL = "\x1b[2Jx\x07\u202egnp\u2066"


@pytest.mark.parametrize(
    "text", ["Fog", "naïve café", "霧の本", "كتاب می‌خواهم", "👩‍🚀 and co", "non\xa0breaking"]
)
def test_what_people_write_is_left_alone(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    "char", ["\x00", "\n", "\x1b", "\x7f", "\x9b", "\u202e", "\u2066", "\u200b", "\u2028", "\ud800"]
)
def test_what_steers_a_terminal_is_shown_instead(char):
    assert printable(f"a{char}b") == "a�b"


def test_a_catalogue_and_a_log_are_safe_to_print():
    catalog = Catalog.from_records([{"item": EVIL, "title": EVIL, "categories": [EVIL]}])
    kinds = DEFAULT_KINDS.with_kind(FeedbackKind(EVIL))
    log = Interactions.from_pandas(
        pd.DataFrame({"user": [EVIL], "item": [EVIL], "kind": [EVIL]}), time=None, kinds=kinds
    )
    for shown in (repr(catalog), catalog._repr_html_(), repr(log), log._repr_html_(), shorten(EVIL)):
        assert not set(shown) & set("\x1b\x07\u202e\u2066"), shown
        assert "�" in shown


def test_a_log_of_many_kinds_shows_some():
    kinds = DEFAULT_KINDS
    for number in range(20):
        kinds = kinds.with_kind(FeedbackKind(f"kind-{number:02}"))
    frame = pd.DataFrame({"user": "u", "item": "i", "kind": [f"kind-{number:02}" for number in range(20)]})
    assert repr(Interactions.from_pandas(frame, time=None, kinds=kinds)).endswith("kind-07, …)")
