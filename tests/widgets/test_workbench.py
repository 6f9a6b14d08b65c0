"""The workbench: builds beside the kernel, a table that is text, and nothing left when it is closed."""

from __future__ import annotations

import contextlib
import gc
import html
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

import comm
import numpy as np
import pandas as pd
import pytest
import traitlets
from axe_playwright_python.sync_playwright import Axe
from ipywidgets.widgets.widget import _instances
from playwright.sync_api import expect

import lifelong_widgets as lw
from lifelong_widgets.assembly import make_parts
from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.errors import (
    DataError,
    DivergenceError,
    LifelongWidgetsError,
    MissingExtraError,
    UnknownItemError,
)
from lifelong_widgets.featurizers.fusion import FEATURIZERS
from lifelong_widgets.parts import hyperparameters
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets import Studio, Workbench
from lifelong_widgets.widgets.assets import _terms, say, words
from lifelong_widgets.widgets.blocks import blocks_of
from lifelong_widgets.widgets.comparison import Trial, picture
from tests.widgets.lab import Notebook
from tests.widgets.shop import HOSTILE, MARKUP

TINY: dict[str, Any] = {"embedding_dim": 8, "hidden_dim": 8, "epochs": 1}


def shelf(n: int = 20, title: str = "Book") -> Catalog:
    return Catalog.from_records(
        {"item": f"b{number}", "title": f"{title} {number}", "categories": [["Sea", "Crime"][number % 2]]}
        for number in range(n)
    )


def log(n: int = 60, n_items: int = 20) -> Interactions:
    rng = np.random.default_rng(0)
    return Interactions.from_pandas(
        pd.DataFrame(
            {
                "user": [f"u{person}" for person in rng.integers(8, size=n)],
                "item": [f"b{item}" for item in rng.integers(n_items, size=n)],
                "time": range(n),
            }
        )
    )


def bench(**settings: Any) -> Workbench:
    return Workbench(shelf(), log(), **{**TINY, **settings})


def built(panel: Workbench) -> Recommender:
    """What a build gives, once its row is drawn, which is a moment after the result is there."""
    rec = panel.build().result(60)
    panel._worker.submit(int).result(60)
    assert rec is not None
    return rec


def held(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Builds wait within the fit, from the first event on until the second."""
    there, go = threading.Event(), threading.Event()
    fit = Recommender.fit

    def slow(self: Recommender, interactions: Interactions, progress: Any = True) -> Any:
        there.set()
        assert go.wait(30)
        return fit(self, interactions, progress)

    monkeypatch.setattr(Recommender, "fit", slow)
    return there, go


def test_there_is_a_menu_for_every_choice_that_cannot_change_live_and_for_nothing_else() -> None:
    panel = bench()
    parts = Recommender(shelf()).parts
    declared = {h.name: h for h in hyperparameters(parts) if (h.choices or h.compared) and not h.live}
    assert panel.blocks == {name: h.default for name, h in declared.items()}
    assert {"text_features", "fusion", "model", "activation", "objective", "optimizer"} <= set(declared)
    assert {"discount", "n_hidden_layers"} <= set(declared)
    for name, h in declared.items():
        menu = panel[name]
        assert menu.description == h.label and (menu.disabled or menu.tooltip == h.help)
        assert [value for _, value in menu.options] == list(h.choices or h.compared)
    panel.close()


def test_a_class_compares_discounts_by_a_menu() -> None:
    """Bug: γ was nowhere to be clicked."""
    panel = bench(locale="zh", n_hidden_layers=5)
    assert panel["discount"].options == (("0", 0.0), ("0.5", 0.5), ("0.9", 0.9))
    assert panel["n_hidden_layers"].options == (("1", 1), ("2", 2), ("3", 3), ("5", 5))  # what was given, too
    panel["discount"].value = 0.9
    rec = built(panel)
    assert rec is not None and (rec.settings()["discount"], rec.settings()["n_hidden_layers"]) == (0.9, 5)
    assert "<span>折扣 γ 0 → <b>0.9</b></span>" in panel.table.value
    assert panel.results.loc[1, "discount"] == 0.9
    panel.close()


@pytest.mark.parametrize("locale", ["en", "zh"])
def test_a_menu_of_what_no_item_has_is_off_and_says_why(locale: str) -> None:
    """Bug: a build with pictures, sounds and authors that no item has was a row like any other."""
    panel = bench(locale=locale)
    off = {name for name in panel.blocks if panel[name].disabled}
    assert off == {"image_features", "audio_features", "social_features"}
    for name in off:
        what = words(locale)[f"workbench.idle.{name.removesuffix('_features')}"]
        assert what in panel.caption.note and what in panel[name].tooltip
        assert words(locale)["workbench.idle.image"] in panel.fallback_html()
    panel.close()
    whole = [
        {"item": f"b{n}", "author": "Woolf", "image": "a.png", "audio": "a.wav", "categories": ["Sea"]}
        for n in range(20)
    ]
    panel = Workbench(Catalog.from_records(whole, text="author"), log(), locale=locale, **TINY)
    assert not any(panel[name].disabled for name in panel.blocks) and panel.caption.note == ""
    panel.close()
    panel = Workbench(
        Catalog.from_records({"item": f"b{n}"} for n in range(20)), log(), locale=locale, **TINY
    )
    assert panel["categories_features"].disabled and not panel["text_features"].disabled
    panel.close()


def test_a_model_without_dense_layers_turns_their_menus_off() -> None:
    panel = bench()
    assert "hidden layer" not in panel.caption.note
    panel["model"].value = "gru"
    assert panel["activation"].disabled and panel["n_hidden_layers"].disabled
    assert "The model gru has no dense hidden layer" in panel.caption.note
    panel.caption.language = "zh"
    assert "全连接隐藏层" in panel.caption.note and panel["activation"].disabled
    panel["model"].value = "cnn"
    assert not panel["activation"].disabled and "隐藏层" not in panel.caption.note
    assert panel["activation"].tooltip == _terms("zh")[panel._blocks.declared["activation"].help]
    panel.close()


def test_a_build_learns_the_first_four_fifths_and_is_tested_on_the_rest() -> None:
    panel = bench()
    rec = built(panel)
    assert rec is panel.recommender is not None
    row = panel.results.loc[1]
    assert (row["events"], rec.n_events) == (12, 60)
    # the same by hand
    twin = Recommender(shelf(), **TINY)
    twin.fit(log()[:48], progress=False)
    report = lw.evaluation.prequential(twin, log()[48:], warm_up=log()[:48], progress=False)
    assert row["HR@10"] == report.overall()["HR@10"] and row["nDCG@10"] == report.overall()["nDCG@10"]
    assert row["events cold"] == report.is_cold().sum() > 0
    assert row["HR@10 cold"] == report.cold()["HR@10"]
    assert "1 build compared" in panel.caption.text
    panel.close()
    studio = Studio(rec)  # what was built is whole, and its new owner's
    studio.session.feedback("b1", "like").result()
    studio.close()
    studio.session.close()


def test_a_row_says_what_differs_and_what_each_modality_weighs() -> None:
    panel = bench()
    built(panel)
    assert "Learned weights" not in panel.table.value and "the defaults" in panel.table.value
    panel["fusion"].value = "gated"
    panel["model"].value = "two_tower"
    rec = built(panel)
    table = panel.table.value
    assert "<span>Fusion early → <b>gated</b></span>" in table and "→ <b>two_tower</b></span>" in table
    assert "the first: the defaults" in table
    for modality, weight in rec.modality_weights().items():
        assert f"<span>{modality}</span>" in table and f"<span>{weight:.2f}</span>" in table
        assert panel.results.loc[2, f"weight of {modality}"] == weight
        assert np.isnan(panel.results.loc[1, f"weight of {modality}"])
    assert panel.results["fusion"].tolist() == ["early", "gated"]
    assert panel.fallback_html() == table == panel._repr_mimebundle_()["text/html"]
    panel.close()


def test_the_best_of_each_column_is_marked_once_there_are_two() -> None:
    blocks = {"fusion": "early"}

    def trial(hits: float, cold: float, cost: float) -> Trial:
        return Trial(blocks, hits, hits, cold, 9, 2, cost, {})

    def marks(trials: list[Trial]) -> list[list[bool]]:
        text = picture(
            trials, blocks, {"fusion": "Fusion"}, lambda key, **values: say("en", key, **values), str
        )
        rows = text.split("<tbody>")[1].split("</tr>")[:-1]
        return [['llw-best">' in cell for cell in row.split('<td class="')[2:]] for row in rows]

    one, two = trial(0.2, float("nan"), 3.0), trial(0.3, 0.1, 5.0)
    assert marks([one]) == [[False] * 4]
    assert marks([one, two]) == [[False, False, False, True], [True, True, False, False]]
    assert marks([two, two]) == [[True] * 4] * 2


def test_what_chance_may_have_done_has_no_star() -> None:
    blocks = {"fusion": "early"}

    def starred(*bounds: tuple[float, float]) -> int:
        trials = [
            Trial(blocks, sum(pair) / 2, 0.5, float("nan"), 99, 0, 1.0, {}, hit_rate_bounds=pair)
            for pair in bounds
        ]
        return picture(
            trials, blocks, {"fusion": "Fusion"}, lambda key, **values: say("en", key, **values), str
        ).count('llw-best">0.3')

    assert starred((0.2, 0.3), (0.3, 0.4)) == 0  # they touch
    assert starred((0.2, 0.3), (0.31, 0.45)) == 1


def test_a_hit_rate_says_how_sure_it_is() -> None:
    panel = bench()
    built(panel)
    row = panel.results.loc[1]
    assert row["HR@10 low"] <= row["HR@10"] <= row["HR@10 high"]
    assert f"±{(row['HR@10 high'] - row['HR@10 low']) / 2:.2f}" in panel.table.value
    panel.close()


def test_the_kernel_answers_while_it_builds_and_cancel_leaves_the_table(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = bench()
    built(panel)
    first, table = panel.recommender, panel.table.value
    there, go = held(monkeypatch)
    panel.run.click()  # returns at once
    assert there.wait(30)
    assert panel.run.disabled and panel.cancel.layout.display == "" and panel.bar.layout.display == ""
    panel.run.click()  # a second push while it runs is nothing
    assert panel.caption.error == ""
    with pytest.raises(LifelongWidgetsError, match="a build is running"):
        panel.build()
    panel.cancel.click()
    assert panel.caption.text == words("en")["workbench.stopping"]
    go.set()
    assert panel.job is not None and panel.job.result(60) is None
    panel._worker.submit(int).result(60)
    assert panel.caption.text == words("en")["workbench.cancelled"] and panel.caption.error == ""
    assert not panel.run.disabled and panel.cancel.layout.display == "none"
    assert (panel.recommender, panel.table.value, len(panel.results)) == (first, table, 1)
    panel.close()


@pytest.mark.parametrize("phase", ["learning", "testing"])
def test_a_build_is_cancelled_in_any_phase(phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = bench()
    show = panel._show

    def cancel_in_phase() -> None:
        show()
        if panel._progress is not None and panel._progress[0] == phase and panel.job is not None:
            panel.job.cancel()

    monkeypatch.setattr(panel._tell, "_seconds", 0.0)
    monkeypatch.setattr(panel._tell, "_action", cancel_in_phase)
    # of a test, the first report must not be the last
    monkeypatch.setattr("lifelong_widgets.evaluation.loop._EVENTS_PER_UPDATE", 1)
    job = panel.build()
    assert job.result(60) is None and job.cancelled
    assert panel.recommender is None and panel.results.empty
    panel.close()


@pytest.mark.parametrize(
    "error",
    [
        MissingExtraError("word2vec needs gensim: pip install 'lifelong-widgets[text]'"),
        DivergenceError("the loss is not finite"),
        ZeroDivisionError(f"{HOSTILE}"),
    ],
)
def test_what_goes_wrong_is_said_and_the_table_stays(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = bench()
    built(panel)
    first, table = panel.recommender, panel.table.value

    def fail(self: Recommender, *_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(Recommender, "fit", fail)
        job = panel.build()
        with pytest.raises(type(error)):
            job.result(60)
        panel._worker.submit(int).result(60)
    assert str(error) in panel.caption.error and panel.caption.text == ""
    assert (panel.recommender, panel.table.value) == (first, table)
    panel.run.click()
    assert panel.job is not None and panel.job.result(60) is not None
    panel._worker.submit(int).result(60)
    assert panel.caption.error == "" and len(panel.results) == 2
    panel.close()


def test_a_test_that_an_error_ends_is_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = bench()

    def fail(self: Recommender, *_: object, **__: object) -> None:
        raise DivergenceError("the loss is not finite")

    monkeypatch.setattr(Recommender, "learn_one", fail)
    job = panel.build()
    with pytest.raises(LifelongWidgetsError, match="event 49: the loss is not finite"):
        job.result(60)
    assert panel.results.empty and panel.recommender is None
    panel.close()


def test_nothing_of_the_catalogue_reaches_the_screen_unescaped() -> None:
    items = [{"item": f"b{n}", "title": f"{MARKUP} {n}", "categories": [MARKUP, HOSTILE]} for n in range(20)]
    panel = Workbench(Catalog.from_records(items), log(), fusion="gated", **TINY)
    built(panel)
    evil = Trial({"fusion": MARKUP}, 0.1, 0.1, 0.1, 9, 9, 1.0, {HOSTILE: 1.0})

    def spoken(key: str, **values: object) -> str:
        return MARKUP

    drawn = picture([evil, evil], {"fusion": "early"}, {"fusion": HOSTILE}, spoken, str)
    for text in (panel.table.value, panel.fallback_html(), drawn):
        for trouble in ("<script", "<img", "<a "):
            assert trouble not in text
    assert html.escape(HOSTILE) in drawn
    panel.close()


def test_labels_follow_the_language_of_the_browser() -> None:
    panel = bench(locale="zh")
    assert panel.run.description == words("zh")["workbench.run"]
    built(panel)
    for key in ("blocks", "defaults", "build"):
        assert words("zh")[f"workbench.{key}"] in panel.table.value
    panel["fusion"].value = "gated"
    built(panel)
    assert (panel["fusion"].description, panel["fusion"].label) == ("融合", "门控")
    assert (
        "<span>融合 前期 → <b>门控</b></span>" in panel.table.value
        and "<span>文字</span>" in panel.table.value
    )
    panel.caption.language = "en"
    assert panel.run.description == "Build and compare" and "the defaults" in panel.table.value
    assert "<span>Fusion early → <b>gated</b></span>" in panel.table.value
    assert panel.blocks["fusion"] == "gated" and panel["fusion"].label == "gated"
    assert panel.results["fusion"].tolist() == ["early", "gated"]  # in code, the names of the code
    panel.close()


def test_what_cannot_be_is_refused_in_the_cell() -> None:
    with pytest.raises(DataError, match=r"a data set.* not int and NoneType"):
        Workbench(3)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="Catalog and NoneType"):
        Workbench(shelf())
    for wrong in (True, 9, 2.5):
        with pytest.raises(DataError, match="at least 10"):
            bench(n_events=wrong)
    with pytest.raises(DataError, match="5 events"):
        Workbench(shelf(), log(5))
    with pytest.raises(UnknownItemError, match="of 9 such"):
        Workbench(shelf(10), log())
    with pytest.raises(DataError, match="no_such"):
        bench(no_such=1)
    with pytest.raises(traitlets.TraitError):
        bench(fusion="soup")


def test_features_that_look_at_a_graph_say_so_where_there_is_none() -> None:
    graph = lw.SocialGraph()
    graph.add("u1", "u2")
    for name in ("neighbor_tastes", "node_embedding"):
        panel = bench(person_features=name)
        with pytest.raises(DataError, match=f"person_features='{name}' looks at who follows whom"):
            built(panel)
        panel._worker.submit(int).result(60)
        assert "graph=SocialGraph" in panel.caption.error and not len(panel.results)
        panel["person_features"].value = "none"
        assert built(panel) is not None
        panel.close()
        panel = bench(person_features=name, graph=graph)
        rec = built(panel)
        assert rec is not None and ("u1", "u2") in rec.graph
        panel.close()
    with pytest.raises(DataError, match="graph is a SocialGraph, not a list"):
        bench(graph=[])


def test_a_closed_workbench_stops_its_build_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    once = bench()  # whatever is made once
    once.build().result(60)
    once.close()
    del once
    gc.collect()
    widgets, comms = len(_instances), len(comm.get_comm_manager().comms)
    threads = set(threading.enumerate())
    there, go = held(monkeypatch)
    panel = bench()
    name = weakref.ref(panel)
    job = panel.build()
    assert there.wait(30)
    panel.close()
    panel.close()  # twice is no error
    with pytest.raises(LifelongWidgetsError, match="closed"):
        panel.build()
    go.set()
    with contextlib.suppress(LifelongWidgetsError):  # the worker takes no more steps
        assert job.result(60) is None
    del panel, job
    for _ in range(200):
        gc.collect()
        if name() is None and set(threading.enumerate()) <= threads:
            break
        time.sleep(0.05)
    assert name() is None
    assert set(threading.enumerate()) <= threads
    assert (len(_instances), len(comm.get_comm_manager().comms)) == (widgets, comms)


def test_every_part_with_blocks_has_a_heading() -> None:
    for block in blocks_of(make_parts({})):
        assert f"workbench.part.{block.part}" in words("en")


def test_whatever_a_part_says_on_screen_is_there_in_chinese() -> None:
    shown = [h for h in hyperparameters(make_parts({})) if h.live or h.choices or h.compared]
    said = [text for h in shown for text in (h.label, h.help, *h.choices)] + list(FEATURIZERS)
    assert [text for text in said if text not in _terms("zh")] == []
    assert set(_terms("zh")) <= set(said)


@pytest.mark.browser
def test_a_class_compares_by_clicking(notebook: Callable[[list[str]], Notebook]) -> None:
    opened = notebook(
        [
            "import lifelong_widgets as lw\n"
            'data = lw.datasets.load("bookshop", n_events=300)\n'
            "workbench = lw.Workbench(data, embedding_dim=8, hidden_dim=8, epochs=1)\nworkbench",
        ]
    )
    page = opened.page
    build = page.get_by_role("button", name="Build and compare")
    build.wait_for()
    build.focus()
    page.keyboard.press("Enter")
    rows = page.locator(".llw-comparison tbody tr")
    expect(rows).to_have_count(1)
    page.get_by_label("Fusion", exact=True).select_option("gated")
    build.click()
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Fusion early → gated")
    expect(rows.nth(1).locator(".llw-weight")).to_have_count(2)
    for name, theme in {"JupyterLab Dark": "dark", "JupyterLab Light": "light"}.items():
        opened.theme(name)
        expect(page.locator(".llw-workbench")).to_have_attribute("data-llw-theme", theme)
        page.wait_for_timeout(300)
        found = Axe().run(page, context=".llw-workbench")
        assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
