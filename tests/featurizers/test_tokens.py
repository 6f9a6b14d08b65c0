"""Words of a text in any script, and numbers for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from lifelong_widgets.errors import DataError, MissingExtraError
from lifelong_widgets.featurizers import Tokenizer, Vocabulary, tokens
from lifelong_widgets.featurizers.cleaning import STOP_WORDS

MIXED = "The lighthouse 灯塔看守人的故事 in 北京"


@given(st.text(st.characters(max_codepoint=0x2FFF)))
def test_without_han_characters_words_are_as_scikit_learn_has_them(text: str) -> None:
    assert Tokenizer()(text) == CountVectorizer().build_analyzer()(text)


def test_chinese_is_segmented_and_mixed_texts_work() -> None:
    words = Tokenizer("jieba")(MIXED)
    assert words == ["the", "lighthouse", "灯塔", "看守", "人", "的", "故事", "in", "北京"]
    assert Tokenizer("jieba", stop_words=True)(MIXED) == ["lighthouse", "灯塔", "看守", "人", "故事", "北京"]


@given(st.text(alphabet="ab 灯塔看守人的\U00020000故事北京x1_é。"))
def test_no_han_character_is_lost_or_added(text: str) -> None:
    def han(text: str) -> str:
        return "".join(c for c in text if tokens._find_han(c))

    assert han("".join(Tokenizer("jieba")(text))) == han(text)
    for word in Tokenizer("bigrams")(text):
        assert word in text.lower()


def test_a_long_run_of_rare_characters_is_bounded_work() -> None:
    rare = "".join(chr(0x4E00 + 7 * n % 20_000) for n in range(20_000))
    assert "".join(Tokenizer("jieba")(rare)) == rare


def test_jieba_is_met_only_where_there_is_chinese_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Not imported without Han characters; and then silent, with no file in the folder for such files."""
    code = """
import sys
from lifelong_widgets.featurizers import Tokenizer
Tokenizer()("no Han characters: é, ñ, ラ")
assert "jieba" not in sys.modules
print(len(Tokenizer()("灯塔看守人")))
import jieba
assert not jieba.dt.initialized, "the package's own global tokenizer stays as it was"
"""
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", code],
        env=env, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("3\n", "", 0)
    assert not list(tmp_path.glob("jieba*"))


@pytest.fixture
def without_jieba(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "jieba", None)  # what makes an import fail
    real = tokens.importlib.util.find_spec
    monkeypatch.setattr(tokens.importlib.util, "find_spec", lambda n: None if n == "jieba" else real(n))
    tokens._jieba.cache_clear()
    yield
    tokens._jieba.cache_clear()


@pytest.mark.usefixtures("without_jieba")
def test_without_jieba_han_characters_become_bigrams() -> None:
    assert Tokenizer()("灯塔看守 lamp 书") == ["灯塔", "塔看", "看守", "lamp", "书"]


@pytest.mark.usefixtures("without_jieba")
def test_what_jieba_segmented_is_not_continued_without_it() -> None:
    assert Tokenizer("jieba")("no Chinese at all") == ["no", "chinese", "at", "all"]
    with pytest.raises(MissingExtraError, match="pip install"):
        Tokenizer("jieba")("灯塔")


def test_a_segmenter_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"jieba, bigrams, none, not 'mecab'"):
        Tokenizer("mecab")


def test_the_most_frequent_words_have_the_smallest_numbers() -> None:
    vocabulary = Vocabulary.of([["b", "a", "c"], ["c", "b"], ["d"]], max_words=3)
    assert vocabulary.words == ["b", "c", "a"]
    assert vocabulary.ids(["a", "d", "b"]).tolist() == [4, Vocabulary.UNKNOWN, 2]
    assert len(vocabulary) == 5
    assert vocabulary.ids([]).shape == (0,)
    with pytest.raises(DataError, match="twice"):
        Vocabulary(["a", "a"])


@given(st.lists(st.lists(st.text(max_size=3), max_size=5), max_size=5), st.integers(1, 8))
def test_every_number_is_that_of_one_word(documents: list[list[str]], max_words: int) -> None:
    vocabulary = Vocabulary.of(documents, max_words)
    numbers = vocabulary.ids(vocabulary.words)
    assert numbers.tolist() == list(range(2, len(vocabulary)))
    assert len(vocabulary.words) <= max_words


def test_stop_words_of_both_languages() -> None:
    assert {"the", "of", "的"} <= STOP_WORDS
