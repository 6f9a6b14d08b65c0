"""The whole cockpit in a real JupyterLab, from which no other host can be reached."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.widgets.lab import Notebook

pytestmark = pytest.mark.browser

STUDIO = """
import lifelong_widgets as lw
data = lw.datasets.load("bookshop", n_events=2_000)
rec = lw.Recommender(data.catalog, epochs=2)
rec.fit(data.interactions, progress=False)
lw.Studio(rec)
"""
RUN = re.compile("Run 500 simulated clicks")


def titles(page: Page) -> list[str]:
    return page.locator(".llw-title").all_text_contents()


def open_studio(notebook: Callable[[list[str]], Notebook]) -> Notebook:
    opened = notebook([STUDIO])
    opened.page.locator(".llw-card").nth(19).wait_for(state="attached")
    return opened


def test_a_like_changes_the_order_is_counted_and_survives_a_reload(
    notebook: Callable[[list[str]], Notebook],
) -> None:
    opened = open_studio(notebook)
    page = opened.page
    before = titles(page)
    page.locator(".llw-card").nth(2).get_by_role("button", name=f"Like: {before[2]}", exact=True).click()
    expect(page.locator(".llw-status")).to_have_text(re.compile(r"learned 1 click · [\d.,]+ ms each"))
    expect(page.locator(".llw-said")).to_contain_text(f"Liked {before[2]}.")
    after = titles(page)
    assert before[2] not in after
    assert after[:10] != [title for title in before if title != before[2]][:10], "nothing was learned"
    expect(page.locator(".llw-memory h3")).to_contain_text("2,001 of 2,001")

    page.wait_for_timeout(1000)  # the snapshot is saved at a low rate
    opened.save()
    page.reload()
    opened.wait_for_kernel()
    page.locator(".llw-card").nth(19).wait_for(state="attached")
    assert titles(page) == after
    expect(page.locator(".llw-status")).to_contain_text("learned 1 click")
    expect(page.locator(".llw-said")).to_contain_text(f"Liked {before[2]}.")
    page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Open")).click()
    expect(page.locator(".llw-status")).to_contain_text("learned 2 clicks")
    assert opened.refused == [], "the page asked other hosts for something"


def test_a_crowd_clicks_while_i_click_and_can_be_stopped(notebook: Callable[[list[str]], Notebook]) -> None:
    page = open_studio(notebook).page
    page.get_by_role("button", name=RUN).click()
    page.get_by_role("button", name="Cancel").wait_for()
    # at once: the crowd changes the list all the time, also between a look at a card and a click on it
    first = page.locator(".llw-card").first.evaluate(
        """card => {
            const title = card.querySelector(".llw-title").textContent;
            card.querySelector("[data-kind=like]").click();
            return title;
        }"""
    )
    expect(page.locator(".llw-said")).to_contain_text(f"Liked {first}.")
    assert page.get_by_role("button", name="Cancel").is_visible(), "the click waited for the whole simulation"
    expect(page.get_by_text("500 simulated clicks learned")).to_be_visible()
    expect(page.locator(".llw-status")).to_contain_text("learned 501 clicks")
    expect(page.locator(".llw-figures")).to_contain_text("what learning is worth")
    expect(page.locator(".uplot canvas")).to_be_visible()

    page.get_by_role("button", name=RUN).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"cancelled after \d+ click"))).to_be_visible()
    expect(page.get_by_role("button", name=RUN)).to_be_enabled()


def test_letters_typed_on_a_card_are_not_commands_of_the_notebook(
    notebook: Callable[[list[str]], Notebook],
) -> None:
    page = open_studio(notebook).page
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.locator(".llw-card").nth(1).focus()
    for key in ("a", "b", "x", "d", "d"):
        page.keyboard.press(key)
    expect(page.locator(".llw-status")).to_contain_text("learned 3 clicks")  # b and twice d
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells
    for control in (".llw-card [data-kind=like]", ".llw-simulation button", ".llw-controls .noUi-handle"):
        page.locator(control).last.focus()
        page.keyboard.press("a")
        assert page.locator(".jp-Notebook .jp-Cell").count() == cells, control


def test_the_picker_and_the_sliders_reach_the_model(notebook: Callable[[list[str]], Notebook]) -> None:
    page = open_studio(notebook).page
    page.get_by_role("button", name="A simulated person").click()
    expect(page.get_by_role("list", name="Recommendations for sim-001")).to_be_visible()
    expect(page.get_by_role("button", name="A simulated person")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="A person from the log").click()
    expect(page.get_by_role("list", name=re.compile("Recommendations for reader-"))).to_be_visible()
    slider = page.get_by_role("slider", name="Replayed per click")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "5")
    page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Like")).click()
    expect(page.locator(".llw-memory h3")).to_contain_text("5 replayed just now")


def test_the_studio_wears_every_theme_and_shuts_nobody_out(
    notebook: Callable[[list[str]], Notebook],
) -> None:
    opened = open_studio(notebook)
    page = opened.page
    for name, theme in {
        "JupyterLab Light": "light",
        "JupyterLab Dark": "dark",
        "JupyterLab Dark High Contrast": "contrast",
    }.items():
        opened.theme(name)
        expect(page.locator(".llw-list")).to_have_attribute("data-llw-theme", theme)
        expect(page.locator(".llw-studio")).to_have_attribute("data-llw-theme", theme)
        page.wait_for_timeout(300)  # the host loads the theme's own style
        found = Axe().run(page, context=".llw-studio")
        assert found.violations_count == 0, f"{theme}: {found.generate_report()}"
