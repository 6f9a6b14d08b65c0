"""The report: fifths, the curve, and its three written forms."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import sync_playwright

from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import PrequentialReport, hit_rate
from tests.chromium import CHROMIUM_FLAGS

HOSTILE = "<img src=x onerror=alert(1)>"


def report_of(
    n: int = 4_000, warm_up: int = 1_000, learners: tuple[str, ...] = ("live", "frozen", "popularity")
) -> PrequentialReport:
    """A report with ranks from 1 to 40, of which some are misses."""
    rng = np.random.default_rng(0)
    ranks = {
        name: (rng.integers(1, 41, n) * (rng.random(n) < 0.8 - 0.2 * place)).astype(np.int32)
        for place, name in enumerate(learners)
    }
    cost = {name: rng.gamma(4.0, 50.0, n).astype(np.float32) for name in learners}
    return PrequentialReport(
        k=10,
        depth=100,
        warm_up=warm_up,
        n_stream=warm_up + n,
        n_events=n,
        n_new_items=17,
        positions=np.arange(warm_up + 1, warm_up + n + 1),
        ranks=ranks,
        rank_us=cost,
        learn_us=cost,
        alarms={name: (warm_up + n // 2,) if name == "live" else () for name in learners},
        seconds=12.5,
        interrupted=False,
        about={"title": "a log", "settings": {"learning_rate": 0.001}},
    )


def empty_report() -> PrequentialReport:
    whole = report_of()
    nothing = {name: np.zeros(0, dtype=np.int32) for name in whole.learners}
    no_cost = {name: np.zeros(0, dtype=np.float32) for name in whole.learners}
    return replace(
        whole,
        n_events=0,
        n_new_items=0,
        positions=np.zeros(0, dtype=np.int64),
        ranks=nothing,
        rank_us=no_cost,
        learn_us=no_cost,
        alarms={name: () for name in whole.learners},
        interrupted=True,
    )


def test_fifths_are_those_of_the_whole_stream() -> None:
    report = report_of(n=4_000, warm_up=1_000)
    table = report.to_pandas()
    live = table[table["learner"] == "live"]
    assert live["fifth"].tolist() == ["2", "3", "4", "5", "all"]
    assert live["events"].tolist() == [1_000] * 4 + [4_000]
    assert report.fifth(5)["HR@10"] == hit_rate(report.ranks["live"][-1_000:], 10)
    assert live["HR@10"].iloc[:4].mean() == pytest.approx(report.overall("live")["HR@10"])


def test_without_a_warm_up_there_are_five() -> None:
    report = report_of(n=1_003, warm_up=0)
    events = report.to_pandas().loc[report.to_pandas()["learner"] == "frozen", "events"].tolist()
    assert sum(events[:5]) == events[5] == 1_003 and max(events[:5]) - min(events[:5]) <= 1


@given(n=st.integers(1, 400), warm_up=st.integers(0, 400))
def test_every_test_is_in_one_fifth(n: int, warm_up: int) -> None:
    report = report_of(n, warm_up, learners=("live",))
    table = report.to_pandas()
    assert table["events"].iloc[:-1].sum() == n == table["events"].iloc[-1]
    starts = [math.floor((warm_up + n) * number / 5) for number in range(5)]
    first_tested = sum(start <= warm_up for start in starts)
    assert table["fifth"].iloc[0] == str(first_tested)


def test_an_unknown_fifth_or_learner_is_refused() -> None:
    report = report_of()
    with pytest.raises(DataError, match="fifths 1 to 5"):
        report.fifth(6)
    with pytest.raises(DataError, match="there are live, frozen, popularity"):
        report.overall("lively")
    assert math.isnan(report.fifth(1)["HR@10"])


def test_a_point_of_the_curve_is_the_hit_rate_of_the_window_before() -> None:
    report = report_of()
    curve = report.curve(window=250, points=100)
    assert len(curve) == 100 and curve.index[0] == 1_250 and curve.index[-1] == 5_000
    for event in curve.index[[0, 40, 99]]:
        before = report.ranks["frozen"][event - 1_000 - 250 : event - 1_000]
        assert curve.loc[event, "frozen"] == pytest.approx(hit_rate(before, 10))


@given(n=st.integers(1, 30), window=st.integers(1, 40), points=st.integers(1, 40))
def test_short_streams_have_short_curves(n: int, window: int, points: int) -> None:
    curve = report_of(n, 0, ("live",)).curve(window, points)
    assert 1 <= len(curve) <= min(points, n)
    assert curve.index.is_monotonic_increasing and curve.index[-1] <= n
    assert curve["live"].between(0, 1).all()


def test_the_json_has_the_documented_fields(tmp_path: Path) -> None:
    report = report_of()
    written = json.loads(report.to_json(tmp_path / "report.json"))
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == written
    assert (written["format"], written["version"]) == ("lifelong-widgets prequential report", 1)
    assert set(written) == {
        "format", "version", "about", "k", "depth", "stream_events", "warm_up_events", "replayed_events",
        "tested_events", "new_item_events", "interrupted", "error", "seconds", "learners", "curve",
    }  # fmt: skip
    live = written["learners"]["live"]
    assert set(live) == {"all", "fifths", "cpu_us", "alarms"}
    assert set(live["fifths"]) == {"2", "3", "4", "5"}
    assert set(live["all"]) == {"events", "hit_rate", "ndcg", "mrr"}
    assert set(live["cpu_us"]) == {"rank_mean", "rank_p95", "learn_mean", "learn_p95"}
    assert live["all"]["hit_rate"] == pytest.approx(report.overall()["HR@10"], abs=1e-5)
    assert live["alarms"] == [3_000]
    assert len(written["curve"]["event"]) == len(written["curve"]["hit_rate"]["frozen"])


def test_a_report_of_nothing_can_be_written_too() -> None:
    report = empty_report()
    written = json.loads(report.to_json())
    assert written["learners"]["live"]["all"] == {"events": 0, "hit_rate": None, "ndcg": None, "mrr": None}
    assert "4,000 events were left" in str(report)
    assert "Too few tests for a curve" in report.to_html()
    assert report.to_pandas()["events"].tolist() == [0, 0, 0]


def test_the_text_shows_each_learner_in_each_fifth() -> None:
    lines = str(report_of()).splitlines()
    assert lines[0] == "a log"
    (row,) = (line for line in lines if line.startswith("HR@10") and "frozen" in line)
    assert len(row.split()) == 2 + 5
    assert "drift alarms of live: event 3,000" in lines
    assert max(map(len, lines)) <= 100


class _Document(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("form", ["to_html", "_repr_html_"])
def test_the_page_is_self_contained_and_shows_names_as_text(form: str) -> None:
    report = report_of(learners=("live", HOSTILE))
    hostile = replace(report, about={"title": HOSTILE, HOSTILE: {HOSTILE: HOSTILE}})
    document = _Document(getattr(hostile, form)())
    assert not {"script", "img", "link", "iframe", "object"} & set(document.tags)
    assert not {"src", "href", "onerror", "style"} & {name for name, _ in document.attributes}
    assert document.text.count(HOSTILE) >= 4
    assert "url(" not in document.text and "@import" not in document.text


def test_the_curve_is_well_formed_and_inside_its_picture() -> None:
    html = report_of().to_html()
    svg = ET.fromstring(html[html.index("<svg") : html.index("</svg>") + 6])
    width, height = (float(size) for size in svg.attrib["viewBox"].split()[2:])
    lines = [line for line in svg.iter() if line.tag.endswith("polyline")]
    assert [line.attrib["class"] for line in lines] == ["line popularity", "line frozen", "line c0"]
    for line in lines:
        points = np.array([point.split(",") for point in line.attrib["points"].split()], dtype=float)
        assert (points >= 0).all() and (points <= [width, height]).all()
    assert "live" in svg.attrib["aria-label"]
    labels = [
        float(text.attrib["y"]) for text in svg.iter() if text.attrib.get("class", "").startswith("label")
    ]
    assert len(labels) == 3 and min(abs(a - b) for a in labels for b in labels if a != b) >= 14


@pytest.mark.stage
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_offline_in_light_and_dark(tmp_path: Path, chromium_path: str, scheme: str) -> None:
    path = tmp_path / "report.html"
    report_of(learners=("live", "frozen", HOSTILE)).to_html(path)
    asked: list[str] = []
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=list(CHROMIUM_FLAGS))
        page = browser.new_context(color_scheme=scheme, viewport={"width": 420, "height": 800}).new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: (complaints.append("a dialog opened"), dialog.dismiss()))
        page.route("**/*", lambda route: (asked.append(route.request.url), route.continue_()))
        page.goto(path.as_uri())
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        text = page.evaluate("getComputedStyle(document.querySelector('.lw-report')).color")
        line = page.locator("polyline.c0").bounding_box()
        sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        shown = page.get_by_role("row", name="live").count()
        browser.close()
    assert asked == [path.as_uri()] and complaints == []
    light_background = sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) > 380
    light_text = sum(map(int, text.removeprefix("rgb(").removesuffix(")").split(","))) > 380
    assert light_background == (scheme == "light") and light_text != light_background
    assert line and line["width"] > 100 and line["height"] > 5
    assert sideways <= 0
    assert shown >= 3


def test_learners_are_compared_with_intervals_over_people() -> None:
    people = np.arange(4_000) % 100
    report = replace(report_of(), people=people)
    found = report.compare("live", "popularity")
    for metric, one in found.measures.items():
        ours, theirs = report.overall("live")[metric], report.overall("popularity")[metric]
        assert one.ours == pytest.approx(ours) and one.theirs == pytest.approx(theirs)
        assert one.difference.value == pytest.approx(ours - theirs) and one.ratio.value == pytest.approx(
            ours / theirs
        )
        assert 0 < one.difference.low < one.difference.value < one.difference.high
        assert one.ratio.verdict == "wins"
    assert found.n_people == 100 and report.compare("popularity", "live")["HR@10"].ratio.verdict == "loses"
    same = report.compare("live", "live")["HR@10"]
    assert (same.difference.low, same.difference.high, same.ratio.low) == (0.0, 0.0, 1.0)
    text = repr(found)
    assert "live against popularity: 4,000 events of 100 people" in text and "nDCG@10" in text
    hostile = replace(report_of(learners=("live", HOSTILE)), people=people).compare("live", HOSTILE)
    assert HOSTILE not in hostile._repr_html_() and "&lt;img" in hostile._repr_html_()
    with pytest.raises(DataError, match="no learner 'lief'"):
        report.compare("live", "lief")
    with pytest.raises(DataError, match="not known whose"):
        report_of().compare("live", "frozen")
    with pytest.raises(DataError, match="no event was tested"):
        replace(empty_report(), people=np.zeros(0, dtype=np.int64)).compare("live", "frozen")


def test_a_report_of_a_handful_of_events_says_that_they_are_too_few() -> None:
    """Bug: five events gave a table of zeros, as if it said something."""
    small = report_of(n=5, warm_up=16)
    for shown in (str(small), small.to_html()):
        assert "oo few to test: only 5 events were tested" in shown
    for shown in (str(empty_report()), empty_report().to_html()):
        assert "no event was tested" in shown
    assert "few to test" not in str(report_of()) + report_of().to_html()
