"""Text as it comes, made fit to be read: missing values, HTML, stop words; each with bounded work."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

MAX_CHARACTERS = 200_000
"""How much of one text is read, a hundred pages; what lies beyond is left out: the work is bounded."""

_CHINESE = """
的 了 着 过 得 地 之 者 所 等 们 吗 呢 吧 啊 呀 嘛 哦 么
我 你 您 他 她 它 我们 你们 他们 她们 它们 咱们 自己 大家 谁
这 那 哪 这个 那个 这些 那些 这里 那里 这样 那样 这么 那么 什么 怎么 怎样 哪里 哪些 多少 几 每 各 某
是 有 在 也 都 就 还 又 再 才 只 很 太 更 最 不 没 没有 别 会 能 可以 可 要 被 把 让 使 给
和 与 及 或 或者 以及 而 而且 但 但是 然而 如果 因为 所以 虽然 因此 于是 则 即 并 并且 不过
从 到 向 往 对 对于 关于 由 由于 于 以 为 为了 跟 同 比 按 按照 当 通过 根据
一 一个 一些 一种 个 种 上 下 中 里 来 去 时 时候 之后 之前 已经 已 曾 将 正在
"""

CHINESE_STOP_WORDS = frozenset(_CHINESE.split())
"""Chinese words that carry grammar, not a topic.

Written for this package from the closed word classes of the language (particles, pronouns, question words,
auxiliaries, conjunctions, prepositions and the commonest measure words); under this package's licence.
"""

STOP_WORDS = ENGLISH_STOP_WORDS | CHINESE_STOP_WORDS
"""The stop words of both languages: English as scikit-learn has them, and `CHINESE_STOP_WORDS`."""

_PIECE = 16_384  # characters; a tag that is longer than this is read as text
_INLINE_TAGS = "a abbr b bdi bdo cite code em font i kbd mark q s samp small span strong sub sup u wbr"
_INLINE = frozenset(_INLINE_TAGS.split())
_UNSEEN = frozenset(("script", "style", "template"))
_HUGE_NUMBERS = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")


def clean_text(text: object, html: bool = True) -> str:
    """A text as the featurizers read it: never missing, of bounded length and, if asked, without HTML.

    Args:
        text: A string, or None, NaN or pandas' NA for a missing one, which becomes the empty text. Anything
            else is read as Python writes it.
        html: Whether tags are taken out and entities decoded. A text without ``<`` and ``&`` stays as it is.

    >>> clean_text("<p>Fish &amp; <b>Ch</b>ips</p><script>steal()</script>")
    ' Fish & Chips '
    >>> clean_text(float("nan")), clean_text("1 < 2 & 2 > 1")
    ('', '1 < 2 & 2 > 1')
    """
    if not isinstance(text, str):
        if text is None or text is pd.NA or text != text:  # NaN is the value that differs from itself
            return ""
        text = str(text)
    if len(text) > MAX_CHARACTERS:
        text = text[:MAX_CHARACTERS]
    return strip_html(text) if html and ("<" in text or "&" in text) else text


def strip_html(text: str) -> str:
    """The words of an HTML text: tags, comments, scripts and style sheets out, entities decoded.

    A tag that ends a word on a page (``<br>``, ``<p>``, not ``<b>``) becomes a space. What is not HTML after
    all, such as ``a < b`` or a tag that never ends, stays. The work is linear in the length of `text`,
    whatever is in it, and nothing recurs, however deep it is nested.

    >>> strip_html("A tale of&nbsp;the sea<br/>by <i>nobody</i><!-- yet -->")
    'A tale of\\xa0the sea by nobody'
    """
    # html.unescape gives these to int(), which refuses thousands of digits; no character has such a number
    text = _HUGE_NUMBERS.sub("\N{REPLACEMENT CHARACTER}", text)
    reader = _Words()
    for start in range(0, len(text), _PIECE):
        reader.feed(text[start : start + _PIECE])
        reader.give_up()
    reader.close()
    return "".join(reader.found)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    def give_up(self) -> None:
        """Take what waits for an end for too long as text.

        The parser reads what waits anew at each piece; without a bound, its work would be quadratic.
        """
        if len(self.rawdata) > _PIECE:
            self.handle_data(self.rawdata)
            self.rawdata = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._tag(tag, +1)

    def handle_endtag(self, tag: str) -> None:
        self._tag(tag, -1)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self._tag(tag, 0)

    def _tag(self, tag: str, step: int) -> None:
        if tag in _UNSEEN:
            self._unseen = max(self._unseen + step, 0)
        if tag not in _INLINE:
            self.found.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data)

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        # "<![if IE]>" and worse: a comment to a browser, an AssertionError to the parser in some versions
        return int(self.parse_bogus_comment(i, bool(report)))
