"""Texts as they come: missing, in HTML, hostile, in Chinese."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import Item
from lifelong_widgets.featurizers import TfidfFeaturizer, clean_text
from lifelong_widgets.featurizers.cleaning import CHINESE_STOP_WORDS, MAX_CHARACTERS
from lifelong_widgets.featurizers.text import document


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<p>Tom &amp; Jerry</p>", "Tom & Jerry"),
        ("one<br>two<br/>three", "one two three"),
        ("<li>one</li><li>two</li>", "one two"),
        ("un<b>believ</b>able", "unbelievable"),
        ("caf&eacute; &#233; &#xe9;", "café é é"),
        ("<script>var a = '<p>no</p>';</script>yes<style>p {color: red}</style>", "yes"),
        ("<SCRIPT>no</SCRIPT>yes", "yes"),
        ("<!-- no -->yes<!doctype html>", "yes"),
        ("<![if IE]>yes<![endif]>", "yes"),
        ('<a href="a>b" title=\'"\'>yes</a>', "yes"),
        ("1 < 2 & 3 > 2; R&D; AT&T", "1 < 2 & 3 > 2; R&D; AT&T"),
        ("I <3 you", "I <3 you"),
        ("open <b and never closed", "open <b and never closed"),
        ("&#99999999999; &#" + "9" * 5000 + ";", "\ufffd \ufffd"),
        ("\ud83d <i>odd</i>", "\ud83d odd"),
    ],
)
def test_html_becomes_its_words(dirty: str, clean: str) -> None:
    assert " ".join(clean_text(dirty).split()) == clean


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, ""])
def test_what_is_missing_is_the_empty_text(missing: object) -> None:
    assert clean_text(missing) == ""


@given(st.text(st.characters(exclude_characters="<&")))
def test_a_text_without_html_stays_as_it_is(text: str) -> None:
    assert clean_text(text) == text
    assert document(Item(1, text, (), {"blurb": text}), clean_html=True) == f"{text} {text}"


@given(st.text(alphabet="<>/!-[]&#;x='\" ab\n", max_size=80))
def test_no_html_raises_and_cleaning_is_off_when_told(text: str) -> None:
    assert len(clean_text(text)) <= len(text)
    assert clean_text(text, html=False) == text


@given(st.text(alphabet=st.characters(exclude_characters="<>&", exclude_categories=["Cs"])))
def test_the_words_of_an_element_are_its_text_however_long(text: str) -> None:
    long = "x " * 20_000 + text  # longer than what the parser is given at once
    assert clean_text(f"<p>{long}</p>") == f" {long} "


def test_a_hostile_text_is_bounded_work() -> None:
    """Ten megabytes of each take no longer than a multiple of what the same length of prose does."""
    size = 10_000_000
    prose = clean_text_seconds("<p>It was a dark and stormy night</p> " * (size // 38))
    for piece in ["<", "<div>", "<a b='", "<!--", "<![", "</", "&#", "&amp", "<a =", "<script>", "<p"]:
        text = piece * (size // len(piece))
        assert len(clean_text(text)) <= MAX_CHARACTERS
        assert clean_text_seconds(text) < 40 * prose, piece


def clean_text_seconds(text: str) -> float:
    """CPU seconds; the quicker of two, which a busy machine disturbs less."""
    taken = []
    for _ in range(2):
        start = time.process_time()
        clean_text(text)
        taken.append(time.process_time() - start)
    return min(taken)


def test_markup_is_no_word_of_the_features() -> None:
    plain = [Item(1, "The lamp & the pier"), Item(2, "A tide table"), Item(3, "The pier and the tide")]
    marked = [Item(item.id, f'<div class="blurb">{item.title.replace("&", "&amp;")}</div>') for item in plain]
    features = TfidfFeaturizer(n_text_components=3)
    expected = features.fit(plain).transform(plain)
    assert (features.transform(marked) == expected).all()
    assert (features.fit(marked).transform(plain) == expected).all()
    assert not {"div", "amp", "blurb"} & set(features.vocabulary_)
    dirty = TfidfFeaturizer(n_text_components=3, clean_html=False).fit(marked)
    assert {"div", "amp", "blurb"} <= set(dirty.vocabulary_)


def test_chinese_stop_words_are_words_of_grammar_only() -> None:
    assert {"的", "了", "我们"} <= CHINESE_STOP_WORDS
    assert not {"灯塔", "书", "海"} & CHINESE_STOP_WORDS
