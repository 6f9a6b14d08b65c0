"""Each front end alone in Chromium: what a person sees, hears and reaches with the keys."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from lifelong_widgets.widgets import LiveSession, Studio
from lifelong_widgets.widgets.assets import words
from tests.widgets.shop import HOSTILE, LONG, MARKUP, UNPRINTABLE, hostile_shop, shop
from tests.widgets.stage import Stage
from tests.widgets.states import (
    LIKED,
    WHY,
    caption_state,
    card,
    chart_state,
    list_snapshot,
    list_state,
    memory_state,
)

pytestmark = pytest.mark.stage
STATES = {
    "recommendation_list": list_state(did=LIKED, clicks=23, latency=11.0, undo=True, journal="shop.lw"),
    "metrics_chart": chart_state(),
    "memory_strip": memory_state(),
    "caption": caption_state(error="no such person"),
}


@pytest.fixture
def listed(stage: Callable[..., Stage]) -> Stage:
    shown = stage()
    shown.mount("recommendation_list", list_state())
    return shown


def titles(stage: Stage) -> list[str]:
    return titles_of(stage.page)


def titles_of(page: Page) -> list[str]:
    return page.locator(".llw-title").all_text_contents()


def answer(stage: Stage, snapshot: dict[str, Any]) -> None:
    """What the kernel says to the last click."""
    stage.receive({"type": "list", "answers": [stage.sent()[-1]["id"]], "snapshot": snapshot})


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize("stem", STATES)
def test_nobody_is_shut_out(stem: str, theme: str, stage: Callable[..., Stage]) -> None:
    shown = stage(theme=theme)
    shown.mount(stem, STATES[stem])
    shown.page.wait_for_timeout(450)  # fading cards have less contrast for a moment
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()
    assert shown.errors == []


@pytest.mark.parametrize("stem", STATES)
def test_it_fits_a_narrow_cell(stem: str, stage: Callable[..., Stage]) -> None:
    shown = stage(width=320)
    shown.mount(stem, STATES[stem])
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.page.evaluate(
        "[...document.querySelectorAll('#root *')].every((e) => e.matches('.llw-live-region') || "
        "e.getBoundingClientRect().right <= document.getElementById('root').getBoundingClientRect().right)"
    )


def test_what_the_catalogue_holds_is_text(listed: Stage) -> None:
    assert titles(listed)[2] == HOSTILE
    assert listed.page.locator("#root img, #root script, #root b:not(.llw-said b)").count() == 0
    assert "<b>Sci-Fi</b>" in listed.page.locator(".llw-meta").first.inner_text()
    assert listed.errors == []


LAYOUT = """() => {
    const cards = [...document.querySelectorAll(".llw-card")].map((card) => card.getBoundingClientRect());
    return {
        wide: document.documentElement.scrollWidth > innerWidth,
        tall: cards.some((card) => card.height > 160),
        crossed: cards.some((card, i) => i && card.top < cards[i - 1].bottom - 1),
        hacked: window.hacked ?? null,
        strangers: document.querySelectorAll("img, a, iframe, main script").length,
    };
}"""
INTACT = {"wide": False, "tall": False, "crossed": False, "hacked": None, "strangers": 0}


def test_a_shop_full_of_trouble_is_shown_as_text_and_in_order(
    context: BrowserContext, tmp_path: Path
) -> None:
    session = LiveSession(hostile_shop(), user=f"{MARKUP}{UNPRINTABLE}{LONG}"[:1000], k=30)
    for item in session.rec.catalog.ids[:5]:
        session.feedback(item, "view").result()  # so that reasons, the sentence and the memory name it
    studio = Studio(session)
    file = tmp_path / "trouble.html"
    file.write_text(studio.to_html(f"{MARKUP}{UNPRINTABLE}{LONG}"), encoding="utf-8")
    studio.close()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_viewport_size({"width": 700, "height": 900})
    page.goto(file.as_uri())
    expect(page.locator(".llw-card")).to_have_count(8)
    assert page.evaluate(LAYOUT) == INTACT and errors == []
    assert MARKUP in titles_of(page)
    unwanted = {char for char in UNPRINTABLE if not char.isprintable()} - {"\n"}
    assert not unwanted & set(page.locator("body").inner_text())


def test_a_saved_state_that_somebody_forged_is_text_too(stage: Callable[..., Stage]) -> None:
    shown = stage()
    trouble = f"{MARKUP}{UNPRINTABLE}" + LONG[:100_000]
    cards = [card(n, n + 1, title=trouble, categories=[trouble] * 3, reason=trouble) for n in range(4)]
    did = {**LIKED, "title": trouble, "kind": trouble, "label": trouble, "up": [trouble], "user": trouble}
    state = list_state(user=trouble, did=did, cards=cards, journal=trouble)
    shown.mount("recommendation_list", {**state, "actions": ["like", trouble]})
    assert shown.page.evaluate(LAYOUT) == INTACT
    assert shown.errors == []


def test_right_to_left_titles_leave_the_sentence_around_them_alone(stage: Callable[..., Stage]) -> None:
    shown = stage()
    arabic = "الكتاب (1)"
    snapshot = list_snapshot([0, 1], did={**LIKED, "title": arabic})
    snapshot["cards"][0]["title"] = arabic
    shown.mount("recommendation_list", {**list_state(), "snapshot": snapshot})
    said = shown.page.locator(".llw-said b")
    assert said.inner_text() == f"Liked \u2068{arabic}\u2069."
    places = shown.page.evaluate(
        """() => {
            const text = document.querySelector(".llw-said b").firstChild;
            const at = (index) => {
                const range = document.createRange();
                range.setStart(text, index);
                range.setEnd(text, index + 1);
                return range.getBoundingClientRect().left;
            };
            return Array.from({ length: text.length }, (_, index) => at(index));
        }"""
    )
    assert places[-1] == max(places) > places[8], "the full stop is not at the end"
    button = shown.page.locator(".llw-card").first.locator("[data-kind=like]")
    assert button.get_attribute("aria-label") == f"Like: \u2068{arabic}\u2069"


def test_every_button_has_a_name_and_sends_its_kind_once(listed: Stage) -> None:
    third = listed.page.locator(".llw-card").nth(3)
    for action, kind in [
        ("Like", "like"),
        ("Dislike", "dislike"),
        ("Open", "view"),
        ("Buy", "purchase"),
        ("Skip", "skip"),
    ]:
        third.get_by_role("button", name=f"{action}: Abyss, The", exact=True).click()
        sent = listed.sent()[-1]
        assert (sent["kind"], sent["key"], sent["version"]) == (kind, 3, 1)
    assert len({message["id"] for message in listed.sent()}) == 5


def test_a_click_shows_at_once_and_settles_with_the_answer(listed: Stage) -> None:
    button = listed.page.get_by_role("button", name="Like: Gattaca", exact=True)
    button.click()
    first = listed.page.locator("[data-key='1']")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-busy", "true")
    changed = list_snapshot([5, 0, 2, 3, 4, 6, 7], version=2, did=LIKED, clicks=1, latency=3.4)
    changed["cards"][0] = card(5, 1, move=4)
    answer(listed, changed)
    assert titles(listed)[:2] == ["Stalker", "Contact"]
    expect(listed.page.locator(".llw-said")).to_have_text("Liked Alien. 3 of 8 moved: Sci-Fi up, Comedy down")
    expect(listed.page.locator(".llw-status")).to_have_text("learned 1 click · 3.4 ms each")
    expect(listed.page.locator("[data-key='5'] .llw-move")).to_have_text("▲ 4")
    assert "Liked Alien. 3 of 8 moved" in listed.page.locator("[aria-live=polite]").inner_text()
    assert listed.page.locator("[aria-busy]").count() == 0


def test_every_kind_has_a_button_and_what_does_not_fit_is_behind_more(stage: Callable[..., Stage]) -> None:
    shown = stage()
    labels = {"like": "Like", "add": HOSTILE, "read": "Read to the end of it", "click": "Click"}
    shown.mount("recommendation_list", {**list_state(), "actions": list(labels), "labels": labels})
    card_one = shown.page.locator(".llw-card").first
    card_one.get_by_role("button", name=f"{HOSTILE}: Contact", exact=True).click()
    read = card_one.get_by_role("button", name="Read to the end of it: Contact", exact=True)
    expect(read).to_be_hidden()
    more = card_one.get_by_role("button", name="More: Contact")
    more.focus()
    shown.page.keyboard.press("Enter")
    expect(more).to_have_attribute("aria-expanded", "true")
    shown.page.keyboard.press("ArrowRight")
    assert shown.focus() == "Contact/read"
    shown.page.keyboard.press("Enter")
    assert [message["kind"] for message in shown.sent()] == ["add", "read"]
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()
    shown.page.keyboard.press("Escape")
    expect(read).to_be_hidden()
    assert shown.focus() == "Contact/more"
    keys = shown.page.locator("ol").get_attribute("aria-description")
    assert keys == "Keys on a card: l Like, w why, arrows move, Escape folds up."
    assert shown.errors == []


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en", "Undo takes back: Clicked Alien (sim-004)."), ("zh", words("zh")["next"].split("{")[0])],
)
def test_after_a_simulation_the_banner_names_what_undo_takes_back(
    locale: str, said: str, stage: Callable[..., Stage]
) -> None:
    shown = stage()
    shown.mount("recommendation_list", {**list_state(did=LIKED, undo=True), "locale": locale})
    height = "document.querySelector('.llw-did').offsetHeight"
    before = shown.page.evaluate(height)
    following = {"kind": "click", "label": "Click", "title": "Alien", "user": "sim-004", "running": False}
    status = {"type": "status", "clicks": 501, "latency": 11.0, "undo": True, "journal": None}
    shown.receive({**status, "next": following})
    expect(shown.page.locator(".llw-said b")).to_contain_text(said)
    expect(shown.page.locator(".llw-said b")).to_contain_text("sim-004")
    assert said in shown.page.locator("[aria-live=polite]").inner_text()
    assert shown.page.evaluate(height) == before, "the cards have jumped"


@pytest.mark.parametrize("browser_language", ["zh-CN", "de-DE"])
def test_the_browser_chooses_the_language_where_the_page_has_only_its_default(
    browser_language: str, browser: Browser
) -> None:
    context = browser.new_context(locale=browser_language)
    shown = Stage(context.new_page())
    shown.mount("metrics_chart", {**chart_state(drift="too few events: 242 of 300"), "locale": "auto"})
    few = words("zh" if browser_language == "zh-CN" else "en")["drift.few"]
    wanted = few.replace("{n}", "242").replace("{needed}", "300")
    expect(shown.page.locator(".llw-drift")).to_contain_text(wanted)
    context.close()


def test_a_refused_click_is_said_and_undone(listed: Stage) -> None:
    button = listed.page.get_by_role("button", name="Like: Gattaca", exact=True)
    button.click()
    listed.receive({"type": "error", "answers": [listed.sent()[-1]["id"]], "message": f"no item {HOSTILE}"})
    expect(listed.page.get_by_role("alert")).to_have_text(f"no item {HOSTILE}")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_clicks_without_an_answer_are_said_kept_and_sent_again_until_there_is_one(
    stage: Callable[..., Stage],
) -> None:
    shown = stage()
    shown.stop_the_clock()
    shown.mount("recommendation_list", list_state())
    for title in ("Gattaca", "Brazil"):
        shown.page.get_by_role("button", name=f"Like: {title}", exact=True).click()
    first = shown.sent()
    expect(shown.page.get_by_role("status")).to_be_hidden()
    shown.page.clock.run_for(5_000)
    expect(shown.page.get_by_role("status")).to_contain_text("it may be busy with a cell")
    assert shown.sent() == [*first, *first]  # the same ids in the same order
    assert shown.page.locator("[aria-busy=true]").count() == 2
    shown.receive({"type": "list", "answers": [first[0]["id"]], "snapshot": list_snapshot([0, 4, 5], 2)})
    expect(shown.page.get_by_role("status")).to_be_hidden()
    assert shown.page.locator("[aria-busy=true]").get_attribute("data-key") == "4"
    shown.page.clock.run_for(3_000)
    shown.receive({"type": "list", "answers": [first[1]["id"]], "snapshot": list_snapshot([0, 5], 3)})
    shown.page.clock.run_for(60_000)
    assert len(shown.sent()) == 4  # answered: nothing is sent again


@pytest.mark.parametrize(
    ("end", "locale"), [("restarted", "zh"), ("disposed", "en"), ("dead", "zh"), ("unreachable", "en")]
)
def test_a_kernel_that_has_gone_is_said_and_how_to_go_on(
    end: str, locale: str, stage: Callable[..., Stage]
) -> None:
    shown = stage()
    state = list_state(undo=True, journal="shop.lw" if locale == "en" else None)
    shown.mount("recommendation_list", {**state, "locale": locale})
    like = shown.page.locator(".llw-card [data-kind=like]").first
    like.click()
    shown.page.evaluate(
        """end => ({
            restarted: () => model.emit("comm_live_update"),
            disposed: () => model.widget_manager.kernel.disposed.emit(),
            dead: () => model.widget_manager.kernel.statusChanged.emit("dead"),
            unreachable: () => { model.send = () => { throw new Error("Cannot send"); };
                                 document.querySelector(".llw-card [data-kind=skip]").click(); },
        })[end]()""",
        end,
    )
    notice = shown.page.get_by_role("status")
    expect(notice).to_contain_text("run the cells again" if locale == "en" else "请重新运行到此单元格为止")
    expect(notice).to_contain_text("shop.lw" if locale == "en" else "已丢失")
    expect(notice).to_contain_text("2" if end == "unreachable" else "1")  # clicks with no answer
    expect(shown.page.locator(".llw-status")).to_have_text("not connected" if locale == "en" else "未连接")
    assert shown.page.locator("#root button:enabled").count() == 0
    assert shown.page.locator("[aria-busy]").count() == 0
    sent = len(shown.sent())
    assert shown.page.evaluate("document.activeElement.matches('.llw-card')"), "the keys lost their place"
    for key in ("ArrowDown", "l", "Control+z"):
        shown.page.keyboard.press(key)
    assert shown.focus() == "Gattaca" and len(shown.sent()) == sent
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()


def test_a_kernel_that_another_page_restarted_is_found_out(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.stop_the_clock()
    shown.mount("recommendation_list", list_state())
    notice = shown.page.get_by_role("status")
    for known, said in [("the list", "may be busy"), ("another widget", "run the cells again")]:
        shown.page.evaluate(
            "known => { model.widget_manager.kernel.requestCommInfo ="
            " async () => ({ content: { comms: { [known]: {} } } }); }",
            known,
        )
        shown.page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Open")).click()
        shown.page.clock.run_for(5_000)
        expect(notice).to_contain_text(said)
        if said == "may be busy":
            answer(shown, list_snapshot([0, 1], version=2))


def test_after_a_broken_connection_what_had_no_answer_is_sent_again(listed: Stage) -> None:
    listed.page.get_by_role("button", name="Like: Gattaca", exact=True).click()
    listed.page.evaluate("model.widget_manager.kernel.connectionStatusChanged.emit('connected')")
    assert len(listed.sent()) == 2 and listed.sent()[0] == listed.sent()[1]
    answer(listed, list_snapshot([0, 2], version=2))
    listed.page.evaluate("model.widget_manager.kernel.connectionStatusChanged.emit('connected')")
    assert len(listed.sent()) == 2


@pytest.mark.parametrize("stem", ["metrics_chart", "memory_strip"])
def test_pictures_say_that_they_are_not_connected(stem: str, stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.mount(stem, STATES[stem])
    for _ in range(2):
        shown.page.evaluate("model.emit('comm_live_update')")
    expect(shown.page.get_by_role("heading", level=3)).to_contain_text("not connected")
    assert shown.page.locator(".llw-off").count() == 1


def test_controls_beside_a_caption_are_shut_when_the_kernel_has_gone(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.page.evaluate(
        "const box = document.createElement('div'); box.className = 'llw-box';"
        "const root = document.getElementById('root'); root.replaceWith(box);"
        "box.append(root, document.createElement('button'))"
    )
    shown.mount("caption", caption_state())
    shown.page.evaluate("model.emit('comm_live_update')")
    expect(shown.page.locator("h3")).to_contain_text("not connected")
    assert shown.page.evaluate("document.querySelector('.llw-box > button').inert")
    assert not shown.page.evaluate("document.getElementById('root').inert")


@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_why_is_a_disclosure_that_everybody_can_read(theme: str, stage: Callable[..., Stage]) -> None:
    shown = stage(theme=theme, width=320)
    shown.mount("recommendation_list", list_state())
    button = shown.page.get_by_role("button", name="Why Contact?")
    expect(button).to_have_attribute("aria-expanded", "false")
    assert not shown.sent()  # nothing is asked for until somebody wants to know
    button.click()
    asked = shown.sent()[-1]
    assert (asked["type"], asked["key"], asked["version"]) == ("why", 0, 1)
    expect(button).to_have_attribute("aria-expanded", "true")
    panel = shown.page.locator(f"#{button.get_attribute('aria-controls')}")
    expect(panel).to_have_attribute("aria-busy", "true")
    value = {"chance": 0.125, "value": 3.5, "error": None}
    changed = {"amount": 0.42, "by": "neighbors"}
    answers = {"type": "why", "answers": [asked["id"]], "key": 0}
    shown.receive({**answers, "why": {**WHY, "value": value, "changed": changed}})
    expect(panel).not_to_have_attribute("aria-busy", "true")
    tables = panel.get_by_role("table")
    assert tables.count() == 3
    rows = tables.nth(0).get_by_role("row").all_text_contents()
    assert rows == [
        "where every item starts−3.20",
        "popular with everybody+3.60",
        "goes with what you took+2.50",
    ]
    assert tables.nth(1).get_by_role("row").all_text_contents() == [
        f"Like: {HOSTILE}+1.25",
        "Hummed: Alien−0.50",
    ]
    about = ["text: <b>space</b>+0.75", "text: common words+0.25"]
    assert tables.nth(2).get_by_role("row").all_text_contents() == about
    words = panel.inner_text()
    assert "The fast memory adds +6.10, the network +0.00." in words
    assert "Since the list before: +0.42, most through “goes with what you took”." in words
    assert "Chance 0.125 · value in the long run 3.50 · TD error –" in words
    expect(shown.page.locator(".llw-live-region")).to_contain_text(
        "Contact: most through “popular with everybody”."
    )
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown.page.wait_for_timeout(450)
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()
    button.click()
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(panel).to_be_hidden()
    assert len(shown.sent()) == 1 and shown.errors == []


def test_why_has_a_key_and_follows_the_list(listed: Stage) -> None:
    first = listed.page.locator(".llw-card").first
    first.focus()
    listed.page.keyboard.press("w")
    asked = listed.sent()[-1]
    assert (asked["type"], asked["key"]) == ("why", 0) and listed.focus() == "Contact"
    listed.receive({"type": "why", "answers": [asked["id"]], "key": 0, "why": WHY})
    expect(first.get_by_role("table")).to_have_count(3)
    # a new list: what is open is asked for again, and what has left is not
    listed.receive({"type": "list", "answers": [], "snapshot": list_snapshot([1, 0, 2], version=2)})
    again = listed.sent()[-1]
    assert (again["type"], again["key"], again["version"]) == ("why", 0, 2) and len(listed.sent()) == 2
    expect(first.get_by_role("table")).to_have_count(0)  # the card of another item, which nobody has opened
    expect(listed.page.locator(".llw-card").nth(1).get_by_role("table")).to_have_count(3)
    listed.receive({"type": "why", "answers": [again["id"]], "key": 0, "why": {**WHY, "score": 5.0}})
    expect(listed.page.locator(".llw-card").nth(1)).to_contain_text("What its score of 5.00 is made of")
    listed.receive({"type": "list", "answers": [], "snapshot": list_snapshot([1, 2, 3], version=3)})
    assert len(listed.sent()) == 2
    expect(listed.page.get_by_role("table")).to_have_count(0)


def test_why_is_asked_of_nobody_once_the_kernel_has_gone(listed: Stage) -> None:
    listed.page.locator(".llw-why").first.click()
    asked = listed.sent()[-1]
    listed.receive({"type": "why", "answers": [asked["id"]], "key": 0, "why": WHY})
    listed.page.evaluate("window.model.widget_manager.kernel.disposed.emit()")
    expect(listed.page.locator(".llw-why").nth(1)).to_be_disabled()
    expect(listed.page.locator(".llw-card").first.get_by_role("table")).to_have_count(3)
    listed.page.locator(".llw-card").nth(2).focus()
    listed.page.keyboard.press("w")
    assert len(listed.sent()) == 1


@pytest.mark.parametrize("way", ["button", "Control+z", "Meta+z"])
def test_undo_is_a_button_and_a_key_and_is_said(way: str, listed: Stage) -> None:
    undo = listed.page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    listed.page.locator(".llw-card").nth(1).focus()
    listed.page.keyboard.press("Control+z")
    assert listed.sent() == []
    listed.set("snapshot", list_snapshot([1, 0], version=2, clicks=1, undo=True))
    if way == "button":
        undo.click()
    else:
        listed.page.keyboard.press(way)
    assert [message["type"] for message in listed.sent()] == ["undo"]
    answer(listed, list_snapshot([0, 1], version=3, did={**LIKED, "undone": True}))
    said = "Took back: liked Alien."
    expect(listed.page.locator(".llw-said")).to_contain_text(said)
    assert said in listed.page.locator("[aria-live=polite]").inner_text()
    expect(undo).to_be_disabled()
    assert listed.focus() in ("Contact", "Gattaca"), "the focus was lost"


def test_whose_click_was_taken_back_and_how_many_is_said(listed: Stage) -> None:
    for version, (did, said) in enumerate(
        [
            ({"undone": True, "user": "sim-004"}, "Took back: liked Alien (sim-004)."),
            ({"undone": True, "n": 3}, "Took back 3 clicks."),
            ({"n": 5}, "5 clicks, the last: Liked Alien."),
        ],
        start=2,
    ):
        snapshot = list_snapshot([0, 1], version, did={**LIKED, **did})
        listed.receive({"type": "list", "answers": [], "snapshot": snapshot})
        expect(listed.page.locator(".llw-said b")).to_have_text(said)


def test_that_clicks_are_written_down_is_said_and_otherwise_not(listed: Stage) -> None:
    expect(listed.page.locator(".llw-journal")).to_be_hidden()
    listed.receive({"type": "status", "clicks": 1, "latency": 2.0, "undo": True, "journal": HOSTILE})
    expect(listed.page.locator(".llw-journal")).to_have_text(f"kept in {HOSTILE}")
    assert "written down" in (listed.page.locator(".llw-journal").get_attribute("title") or "")


def test_an_answer_to_somebody_elses_click_waits_while_the_pointer_is_over_the_cards(listed: Stage) -> None:
    listed.page.locator(".llw-card").nth(1).hover()
    listed.receive({"type": "list", "answers": ["of another page"], "snapshot": list_snapshot([4, 3], 2)})
    assert titles(listed)[0] == "Contact"
    listed.page.mouse.move(0, 0)
    assert titles(listed)[0] == "Brazil"


def test_a_burst_is_not_stammered(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.stop_the_clock()
    shown.mount("recommendation_list", list_state())
    region = shown.page.locator("[aria-live=polite]")
    for n in range(1, 6):
        shown.page.locator("[data-key='0'] [data-kind=view]").click()
        answer(shown, list_snapshot([0, 1], version=1 + n, did={**LIKED, "title": f"Film {n}"}))
    expect(region).to_contain_text("Film 1")
    shown.page.clock.run_for(1_100)
    expect(region).to_contain_text("Film 5")


def test_the_keys_reach_everything(listed: Stage) -> None:
    press = listed.page.keyboard.press
    press("Tab")
    assert listed.focus() == "Contact"
    press("ArrowDown")
    assert listed.focus() == "Gattaca"
    press("ArrowRight")
    assert listed.focus() == "Gattaca/why"
    press("ArrowRight")
    press("ArrowRight")
    assert listed.focus() == "Gattaca/dislike"
    press("ArrowDown")
    assert listed.focus() == f"{HOSTILE}/dislike"
    press("End")
    assert listed.focus() == "Cube/dislike"
    press("Home")
    for _ in range(3):
        press("ArrowLeft")
    press("ArrowUp")
    assert listed.focus() == "Contact"
    for _ in range(7):  # one card, its "why?", its five buttons, and out
        press("Tab")
    assert listed.focus() == "BODY"
    press("Shift+Tab")
    assert listed.focus() == "Contact/skip"


@pytest.mark.parametrize(
    ("key", "kind"), [("l", "like"), ("d", "dislike"), ("o", "view"), ("b", "purchase"), ("s", "skip")]
)
def test_a_letter_on_a_card_is_a_click_and_never_reaches_the_notebook(
    key: str, kind: str, listed: Stage
) -> None:
    listed.page.evaluate("window.heard = []; addEventListener('keydown', (event) => heard.push(event.key))")
    listed.page.keyboard.press("Tab")
    listed.page.keyboard.press(key)
    assert [message["kind"] for message in listed.sent()] == [kind]
    listed.page.keyboard.press("a")
    listed.page.keyboard.press("Control+l")
    assert len(listed.sent()) == 1
    assert [k for k in listed.page.evaluate("heard") if k not in ("Control", "Tab")] == ["l"]
    assert listed.page.locator(".llw-cards [tabindex='0']:not([data-lm-suppress-shortcuts])").count() == 0


def test_the_focus_stays_with_its_card_and_passes_on_when_that_leaves(listed: Stage) -> None:
    listed.page.locator("[data-key='2'] [data-kind=view]").focus()
    listed.page.keyboard.press("Enter")
    answer(listed, list_snapshot([3, 2, 0, 1, 4, 5, 6, 7], version=2))
    assert listed.focus() == f"{HOSTILE}/view"
    listed.page.keyboard.press("l")
    answer(listed, list_snapshot([3, 0, 1, 4, 5, 6, 7], version=3))
    assert listed.focus() == "Contact/view"  # the card now in its place
    listed.page.keyboard.press("ArrowDown")
    assert listed.focus() == "Gattaca/view"


def test_any_order_is_drawn_and_the_focus_never_lost(listed: Stage) -> None:
    rng = random.Random(0)
    for version in range(2, 40):
        keys = rng.sample(range(8), rng.randint(1, 8))
        staying = rng.choice(keys)
        if listed.page.locator(f"[data-key='{staying}'] [data-kind=skip]").count():
            listed.page.locator(f"[data-key='{staying}'] [data-kind=skip]").focus()
        listed.receive({"type": "list", "answers": [], "snapshot": list_snapshot(keys, version)})
        assert titles(listed) == [card(key, 1)["title"] for key in keys]
        assert listed.focus().endswith("/skip")


def test_cards_travel_unless_motion_is_unwelcome(listed: Stage, context: BrowserContext) -> None:
    moving = (
        "document.getAnimations().filter((a) => a.effect.target.matches('.llw-card'))"
        ".filter((a) => a.effect.getKeyframes()[0].transform).length"
    )
    reordered = list_snapshot([7, 6, 5, 4, 3, 2, 1, 0], version=2)
    listed.receive({"type": "list", "answers": [], "snapshot": reordered})
    assert listed.page.evaluate(moving) == 8
    listed.page.evaluate("document.getAnimations().forEach((a) => a.finish())")
    listed.page.emulate_media(reduced_motion="reduce")
    listed.receive(
        {"type": "list", "answers": [], "snapshot": list_snapshot(list(range(8)), version=3, did=LIKED)}
    )
    assert titles(listed)[0] == "Contact"
    assert (
        listed.page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length") == 0
    )


def test_a_list_that_nobody_asked_for_waits_while_the_pointer_is_over_the_cards(listed: Stage) -> None:
    listed.page.locator(".llw-card").nth(1).hover()
    listed.set("snapshot", list_snapshot([4, 3, 2, 1, 0], version=2))
    assert titles(listed)[0] == "Contact"
    listed.page.mouse.move(0, 0)
    assert titles(listed)[0] == "Brazil"


def test_a_resting_pointer_does_not_hold_the_list_for_ever(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.stop_the_clock()
    shown.mount("recommendation_list", list_state())
    shown.page.locator(".llw-card").nth(1).hover()
    shown.set("snapshot", list_snapshot([4, 3], version=2, clicks=36))
    assert titles(shown)[0] == "Contact"
    expect(shown.page.locator(".llw-status")).to_contain_text("36 clicks")  # that much is said at once
    shown.page.clock.run_for(2_500)
    assert titles(shown)[0] == "Brazil"


def test_an_older_state_never_replaces_a_newer_one(listed: Stage) -> None:
    listed.receive({"type": "list", "answers": [], "snapshot": list_snapshot([4, 3], version=5)})
    listed.set("snapshot", list_snapshot([0, 1], version=4))
    assert titles(listed) == ["Brazil", "Abyss, The"]


def test_another_person_is_shown_at_once(listed: Stage) -> None:
    listed.page.locator(".llw-card").nth(1).hover()
    listed.receive(
        {"type": "list", "answers": [], "snapshot": list_snapshot([4, 3], version=2, user="ada", mine=False)}
    )
    expect(listed.page.get_by_role("list")).to_have_attribute("aria-label", "Recommendations for ada")
    assert titles(listed) == ["Brazil", "Abyss, The"]


def test_the_theme_is_followed_while_it_changes(listed: Stage) -> None:
    root = listed.page.locator(".llw-list")
    for attribute, value, theme in [
        ("data-jp-theme-light", "false", "dark"),
        ("data-jp-theme-name", "JupyterLab Dark High Contrast", "contrast"),
    ]:
        listed.page.evaluate("([name, value]) => document.body.setAttribute(name, value)", [attribute, value])
        expect(root).to_have_attribute("data-llw-theme", theme)
    listed.page.evaluate(
        "for (const { name } of [...document.body.attributes]) document.body.removeAttribute(name);"
        "document.body.setAttribute('data-vscode-theme-kind', 'vscode-dark')"
    )
    expect(root).to_have_attribute("data-llw-theme", "dark")
    listed.page.evaluate("document.body.removeAttribute('data-vscode-theme-kind')")
    expect(root).to_have_attribute("data-llw-theme", "light")
    listed.page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-llw-theme", "dark")


def test_a_removed_view_lets_go_of_its_model(listed: Stage) -> None:
    assert listed.page.evaluate("[...model.handlers.values()].flat().length") == 3
    listed.page.evaluate("controller.abort()")
    assert listed.page.evaluate("[...model.handlers.values()].flat().length") == 0


def test_labels_come_in_chinese_too(stage: Callable[..., Stage]) -> None:
    shown = stage()
    state = list_state(did=LIKED, clicks=2, latency=3.0)
    state["snapshot"]["cards"][0] |= {"why": "because.like", "cause": "<b>Fog</b>"}
    shown.mount("recommendation_list", {**state, "locale": "zh"})
    expect(shown.page.locator(".llw-reason").first).to_have_text("与你喜欢的《<b>Fog</b>》相配")
    expect(shown.page.get_by_role("button", name=re.compile("^喜欢.Contact$"))).to_be_visible()
    expect(shown.page.locator(".llw-said")).to_contain_text("喜欢了《Alien》")
    expect(shown.page.locator(".llw-list")).to_have_attribute("lang", "zh")
    expect(shown.page.locator(".llw-list")).to_contain_text("给我的推荐")  # "me" is a word, not a name


def test_the_chart_says_its_figures_and_switches(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.mount("metrics_chart", chart_state())
    figures = shown.page.locator(".llw-figures")
    for text in (".246", ".093", "+.153"):
        expect(figures).to_contain_text(text)
    expect(shown.page.locator(".llw-note")).to_contain_text("3 of these clicks were your own")
    expect(shown.page.get_by_role("img", name="live .246, frozen twin .093")).to_be_visible()
    assert shown.page.locator("canvas").count() == 1
    shown.page.get_by_role("button", name="loss").click()
    expect(shown.page.get_by_role("button", name="loss")).to_have_attribute("aria-pressed", "true")
    expect(figures).to_contain_text("2.04")
    shown.page.get_by_role("button", name="latency").click()
    expect(figures).to_contain_text("2.5")


def test_the_chart_admits_that_it_is_too_early(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.mount("metrics_chart", chart_state(visits=0))
    expect(shown.page.locator(".llw-note")).to_have_text("The curve starts with the first click.")
    shown.page.evaluate(
        "state => model.set('snapshot', state)", {**chart_state(12)["snapshot"], "curve": None}
    )
    early = stage()
    early.mount("metrics_chart", chart_state(visits=12))
    expect(early.page.locator(".llw-note")).to_have_text("Too few visits to tell: 12 of 20.")
    assert early.page.locator(".llw-figures b").count() == 0


def test_the_chart_keeps_up_with_frames_and_with_the_width_of_its_cell(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.mount("metrics_chart", chart_state(visits=100))
    snapshot = {
        key: value for key, value in chart_state(visits=300, live=0.5)["snapshot"].items() if key != "curve"
    }
    shown.page.evaluate(
        """snapshot => model.receive(
            { type: "frame", snapshot },
            [new DataView(new Float32Array(5 * 300).map((_, i) => i % 300).buffer)])""",
        snapshot,
    )
    expect(shown.page.locator(".llw-figures")).to_contain_text(".500")
    shown.page.evaluate("document.getElementById('root').style.width = '800px'")
    expect(shown.page.locator(".uplot")).to_have_css("width", "772px")


def test_the_memory_strip_says_what_it_shows(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.mount("memory_strip", memory_state())
    expect(shown.page.locator("h3")).to_contain_text("120 of 2,300 · reservoir · 7 replayed just now")
    for retention, said in (("recent", "the most recent"), ("user_stratified", "stratified by person")):
        state = memory_state()
        state["snapshot"] |= {"retention": retention, "version": state["snapshot"]["version"] + 1}
        another = stage()
        another.mount("memory_strip", state)
        expect(another.page.locator("h3")).to_contain_text(f"120 of 2,300 · {said} · 7 replayed")
    expect(shown.page.locator(".llw-legend")).to_contain_text("<i>Drama</i> 75 %")
    expect(shown.page.get_by_role("img", name="120 of 2,300 events kept: <i>Drama</i> 75 %")).to_be_visible()
    assert shown.page.evaluate(
        "document.querySelector('canvas').getContext('2d').getImageData(0, 0, 400, 32).data.some((v) => v)"
    )


def test_the_memory_strip_follows_an_undo_and_never_an_older_picture(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.mount("memory_strip", memory_state(version=5))
    for version, seen in [(6, 2299), (4, 2298)]:
        shown.page.evaluate(
            """words => model.set("snapshot", { ...model.get("snapshot"), ...words })""",
            {"version": version, "seen": seen},
        )
        expect(shown.page.locator("h3")).to_contain_text("120 of 2,299")


def test_a_caption_tells_the_kernel_which_language_the_browser_chose(stage: Callable[..., Stage]) -> None:
    shown = stage()
    shown.page.evaluate("document.documentElement.lang = 'zh-CN'")
    shown.mount("caption", caption_state(locale="auto"))
    assert shown.page.evaluate("model.get('language')") == "zh"


def test_a_page_to_hand_in_needs_no_network_and_no_kernel(context: BrowserContext, tmp_path: Path) -> None:
    studio = Studio(LiveSession(shop(), k=30))
    studio.session.run_simulation(30).result()
    file = tmp_path / "studio.html"
    file.write_text(studio.to_html("What it learned"), encoding="utf-8")
    studio.close()
    asked: list[str] = []
    errors: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url.split(":")[0]))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.get_by_text(HOSTILE).wait_for()
    expect(page.locator(".llw-figures")).to_contain_text("frozen twin")
    assert page.locator(".llw-actions button:not([disabled])").count() == 0
    assert set(asked) <= {"file", "blob"} and errors == []
