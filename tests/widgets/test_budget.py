"""Learning in private on screen: what is spent is seen, what is not learned is said, nothing is undone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import lifelong_widgets as lw
from lifelong_widgets.errors import PrivacyError
from lifelong_widgets.memory import NETWORK_ALONE, Gate
from lifelong_widgets.parts import hyperparameters
from lifelong_widgets.state_file import digest_of
from lifelong_widgets.widgets import Controls, LiveSession, RecommendationList, SimulationPanel, Workbench
from lifelong_widgets.widgets.assets import say
from lifelong_widgets.widgets.comparison import Trial, picture
from lifelong_widgets.widgets.whys import Whys
from tests.widgets.lab import Notebook
from tests.widgets.shop import shop
from tests.widgets.stage import Stage
from tests.widgets.states import LIKED, WHY, caption_state, list_snapshot, list_state

pytestmark = pytest.mark.filterwarnings("ignore::lifelong_widgets.errors.PrivacyWarning")
ACCOUNT = {"unit": "person", "epsilon": 2.414, "limit": 8.0, "delta": 1e-5, "left": 3, "closed": False}


def private(unit: str = "person", **settings: Any) -> lw.Recommender:
    """A shop that learns in private, untrained; by default a person may take part in two steps."""
    plan = lw.privacy.private_settings(unit, epsilon=settings.pop("epsilon", 4.0), uses=2)
    noise = {"noise_multiplier": 2.0, "max_epsilon": 3.2, "replay_ratio": 0}
    return lw.Recommender(shop().catalog, embedding_dim=8, **{**plan, **noise, **settings})


def account(widget: RecommendationList) -> dict[str, Any]:
    widget.session.wait()
    found: dict[str, Any] = widget.make_snapshot()["privacy"]
    return found


# ---- the kernel's side -----------------------------------------------------------------------------------


def test_each_click_is_on_the_account_until_the_budget_is_used_up() -> None:
    rec = private()
    session = LiveSession(rec, user="ada", k=5)
    shown = RecommendationList(session)
    assert (account(shown)["epsilon"], account(shown)["limit"], account(shown)["left"]) == (0.0, 3.2, 2)
    spent = [0.0]
    for left in (1, 0):
        update = session.feedback(session.shown().recommendations.items[0], "like").result()
        assert update is not None and np.isfinite(update.loss)
        spent.append(account(shown)["epsilon"])
        assert account(shown)["left"] == left
    assert spent[0] < spent[1] < spent[2] == rec.privacy.epsilon <= 3.2
    assert session.scores.clicks == 2

    liked = session.shown().recommendations.items[0]
    session.feedback(liked, "like").result()
    snapshot = shown.make_snapshot()
    assert snapshot["did"]["withheld"] and snapshot["privacy"]["epsilon"] == spent[2]
    assert snapshot["clicks"] == session.scores.clicks == 2, "what is not learned is not counted as learned"
    assert liked not in session.shown().recommendations.items, "the list follows all the same"
    assert not account(shown)["closed"]
    session.choose_user("bob").result()
    assert account(shown)["left"] == 2, "somebody else may still teach"
    shown.snapshot = shown.make_snapshot()  # what a notebook is saved with
    assert f"ε = {spent[2]:.2f} of 3.2, δ = 1e-05 for each person." in shown.fallback_html()
    shown.close()
    session.close()


def test_nothing_is_undone_and_nobody_offers_it() -> None:
    session = LiveSession(private(), user="ada")
    session.feedback("b3", "like").result()
    shown = RecommendationList(session)
    assert shown.snapshot["undo"] is False and shown.snapshot["next"] is None
    with pytest.raises(PrivacyError, match="not undone"):
        session.undo().result()
    assert session.rec.n_events == 1
    shown.close()
    session.close()


def test_an_ordinary_recommender_has_no_account() -> None:
    shown = RecommendationList(shop())
    assert shown.snapshot["privacy"] is None and "ε" not in shown.fallback_html()
    shown.close()


@pytest.mark.parametrize(
    ("rec", "expected"),
    [
        (
            lambda: private(noise_multiplier=0.0, max_epsilon=0.0),
            {"epsilon": 0.0, "limit": None, "left": None},
        ),
        (lambda: private("example"), {"unit": "example", "left": None, "closed": False}),
        (lambda: private(max_epsilon=0.5), {"left": 0, "closed": True}),
    ],
    ids=["no budget", "examples", "no step fits in"],
)
def test_what_is_not_limited_and_what_is_over(
    rec: Callable[[], lw.Recommender], expected: dict[str, Any]
) -> None:
    shown = RecommendationList(rec())
    assert account(shown).items() >= expected.items()
    shown.close()


def test_without_noise_epsilon_is_infinite_after_a_click() -> None:
    session = LiveSession(private(noise_multiplier=0.0, max_epsilon=0.0))
    session.feedback("b3", "like").result()
    shown = RecommendationList(session)
    assert account(shown)["epsilon"] is None and "there is no noise" in shown.fallback_html()
    shown.close()
    session.close()


def test_a_crowd_says_how_much_of_it_was_learned() -> None:
    session = LiveSession(private(max_epsilon=2.3), k=10)  # one step each
    panel = SimulationPanel(session, n=60)
    result = session.run_simulation(60).result(timeout=60)
    assert result.clicks == 60 and 0 < result.withheld < 60
    assert session.scores.clicks == 60 - result.withheld
    panel._show_job()
    assert (
        f"{60 - result.withheld} simulated clicks learned, {result.withheld} more only" in panel.caption.text
    )
    panel.close()
    session.close()


def test_the_workbench_says_what_a_build_has_spent() -> None:
    data = lw.datasets.load("bookshop", n_events=120)
    plan = lw.privacy.private_settings("person", epsilon=8, epochs=1, sampling_rate=0.5)
    workbench = Workbench(data, embedding_dim=8, hidden_dim=8, **plan)
    rec = workbench.build().result(timeout=120)
    assert rec is not None
    assert workbench.results.loc[1, "epsilon"] == rec.privacy.epsilon > 0
    assert f">{rec.privacy.epsilon:.2f}<" in workbench.table.value and ">ε<" in workbench.table.value
    workbench.close()
    plain = Trial({"fusion": "early"}, 0.3, 0.1, 0.1, 9, 9, 1.0, {})
    labels = {"fusion": "Fusion"}
    drawn = picture([plain], {"fusion": "early"}, labels, lambda key, **_: key, str)
    assert "epsilon" not in drawn


def test_others_use_up_a_budget_and_the_list_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    session = LiveSession(private(replay_ratio=8), user="ada")
    shown = RecommendationList(session)
    told: list[Any] = []
    monkeypatch.setattr(shown, "send", lambda message, *_: told.append(message))
    session.feedback("b3", "like").result()
    assert account(shown)["left"] == 1
    for item in ("b4", "b5"):  # with each, hers is replayed
        session.feedback(item, "like", user="bob").result()
    assert account(shown)["left"] == 0
    told.clear()
    shown._send_frame()
    assert [(message["type"], message["privacy"]["left"]) for message in told] == [("status", 0)]
    shown.close()
    session.close()


def gate_of(controls: Controls) -> list[str]:
    """Those of the gate's hyperparameters that have a control."""
    return [name for name in Gate.class_traits(config=True) if name in controls._controls]


def test_what_would_do_nothing_in_private_has_no_control() -> None:
    plain = Controls(shop())
    assert len(gate_of(plain)) == 4 and plain.caption.note == ""
    plain.close()
    controls = Controls(private())
    assert not gate_of(controls) and "In private only the network learns" in controls.caption.note
    assert f"<p>{html.escape(controls.caption.note)}</p>" in controls.fallback_html()
    assert controls["learning_rate"] in controls.children and controls["delta"] in controls.children
    controls.close()
    alone = Controls(lw.Recommender(shop().catalog, embedding_dim=8, **NETWORK_ALONE))
    assert not gate_of(alone) and "The network scores alone" in alone.caption.note
    alone.close()
    closed = Controls(private(max_epsilon=0.5), locale="zh")
    assert closed.caption.note.startswith("隐私预算已用完") and list(closed._controls) == ["delta"]
    closed.close()


def test_what_has_a_control_in_private_changes_what_is_learned_and_nothing_else_does() -> None:
    def learned(**change: Any) -> str:
        rec = private(max_epsilon=0.0, replay_ratio=1, categories_features="multi_hot")
        rec.privacy.take_key("00" * 32)
        for name, value in change.items():
            setattr(next(part for part in rec.parts.values() if part.has_trait(name)), name, value)
        for n in range(6):
            rec.learn_one(user=n % 2, item=f"b{n}", kind="like", shown=["b1", "b2", f"b{n}"])
        return digest_of(rec.get_state())

    controls, plain = Controls(private()), learned()
    for declared in hyperparameters(controls.session.rec.parts, live_only=True):
        value = declared.max if declared.kind == "float" else int(declared.max or 0)
        if declared.part != "drift":  # which tells of an alarm, and learns nothing
            shown = declared.name in controls._controls
            assert shown == (learned(**{declared.name: value}) != plain), declared.name
    controls.close()


def test_a_card_says_nothing_of_a_memory_that_is_not_there() -> None:
    assert Whys(private()).of("ada", "b3", 1)["fast"] is None
    assert Whys(shop()).of("ada", "b3", 1)["fast"] is not None


# ---- the browser's ---------------------------------------------------------------------------------------


def mounted(stage: Callable[..., Stage], locale: str = "en", **changes: Any) -> Stage:
    options = {name: changes.pop(name) for name in ("theme", "width") if name in changes}
    shown = stage(**options)
    given = {"did": LIKED, "privacy": ACCOUNT, **changes}
    shown.mount("recommendation_list", {**list_state(**given), "locale": locale})
    return shown


@pytest.mark.stage
@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
@pytest.mark.parametrize("left", [3, 0])
def test_nobody_is_shut_out(left: int, theme: str, stage: Callable[..., Stage]) -> None:
    shown = mounted(stage, theme=theme, privacy={**ACCOUNT, "left": left})
    shown.page.locator("summary").click()
    shown.page.wait_for_timeout(450)
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()
    assert shown.errors == []


@pytest.mark.stage
@pytest.mark.parametrize("locale", ["en", "zh"])
def test_it_fits_a_narrow_cell(locale: str, stage: Callable[..., Stage]) -> None:
    shown = mounted(stage, locale, width=320, privacy={**ACCOUNT, "left": 0})
    shown.page.locator("summary").click()
    assert shown.page.evaluate(
        "[...document.querySelectorAll('.llw-budget *')].every((e) => "
        "e.getBoundingClientRect().right <= document.getElementById('root').getBoundingClientRect().right)"
    )


@pytest.mark.stage
def test_what_is_spent_is_read_and_follows_each_click(stage: Callable[..., Stage]) -> None:
    shown = mounted(stage)
    page = shown.page
    strip, meter = page.locator(".llw-budget"), page.get_by_role("meter", name="Privacy budget")
    expect(strip).to_contain_text("ε = 2.41 of 8 spent · δ = 1e-5 · hides each person")
    expect(strip).to_contain_text("At most 3 more clicks of this person are learned")
    expect(meter).to_have_attribute("aria-valuetext", "ε = 2.41 of 8 spent")
    cards = page.locator(".llw-cards").bounding_box()
    page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Like")).click()
    over = {**ACCOUNT, "epsilon": 7.994, "left": 0}
    snapshot = list_snapshot([1, 0], version=2, did={**LIKED, "withheld": True}, privacy=over)
    shown.receive({"type": "list", "answers": [shown.sent()[-1]["id"]], "snapshot": snapshot})
    expect(strip).to_contain_text("ε = 7.99 of 8 spent")
    expect(strip).to_contain_text("This person's budget is used up: clicks are remembered, not learned.")
    expect(page.locator(".llw-said b")).to_have_text("Liked Alien. Remembered, not learned.")
    expect(page.locator(".llw-list > .llw-live-region")).to_contain_text("Remembered, not learned.")
    expect(meter).to_have_attribute("aria-valuenow", "7.994")
    after = page.locator(".llw-cards").bounding_box()
    assert cards and after and after["y"] == cards["y"], "the cards have moved under the hand"
    shown.receive({"type": "status", **list_snapshot([]), "privacy": {**over, "closed": True}})
    expect(strip).to_contain_text(re.compile("^.*The budget is used up"))


@pytest.mark.stage
def test_a_full_meter_says_that_others_have_filled_it(stage: Callable[..., Stage]) -> None:
    full = {**ACCOUNT, "epsilon": 7.996, "left": 2}
    shown = mounted(stage, width=480, privacy=full)  # as wide as in a studio
    state, cards = (shown.page.locator(name) for name in (".llw-budget-state", ".llw-cards"))
    expect(state).to_have_text("Used up by others; at most 2 more clicks of this person are learned.")
    before = cards.bounding_box()
    shown.receive({"type": "status", **list_snapshot([]), "privacy": {**full, "left": 0}})
    expect(state).to_contain_text("This person's budget is used up")
    after = cards.bounding_box()
    assert before and after and after["y"] == before["y"], "the cards have moved under the hand"


@pytest.mark.stage
def test_what_others_use_up_is_read_out_once(stage: Callable[..., Stage]) -> None:
    shown = mounted(stage, did=None, privacy={**ACCOUNT, "left": 0})
    heard = shown.page.locator(".llw-list > .llw-live-region")
    expect(heard).to_have_text("")  # it was so before
    shown = mounted(stage, did=None)
    heard = shown.page.locator(".llw-list > .llw-live-region")
    expect(heard).to_have_attribute("aria-live", "polite")
    status, over = list_snapshot([]), {**ACCOUNT, "epsilon": 7.994, "left": 0}
    shown.receive({"type": "status", **status, "privacy": {**ACCOUNT, "left": 2}})
    expect(shown.page.locator(".llw-budget-state")).to_contain_text("At most 2 more")
    expect(heard).to_have_text("")
    shown.receive({"type": "status", **status, "privacy": over})
    expect(heard).to_have_text("This person's budget is used up: clicks are remembered, not learned.")
    shown.page.evaluate("document.querySelector('.llw-list > .llw-live-region').textContent = ''")
    shown.receive({"type": "status", **status, "privacy": over})
    shown.set("snapshot", list_snapshot([1, 0], version=2, user="bob", mine=False, privacy=ACCOUNT))
    expect(shown.page.locator(".llw-budget-state")).to_contain_text("At most 3 more")
    shown.set("snapshot", list_snapshot([0, 1], version=3, privacy=over))
    expect(shown.page.locator(".llw-budget-state")).to_contain_text("used up")
    shown.page.wait_for_timeout(1_200)  # the announcer's pause
    expect(heard).to_have_text("")
    assert shown.errors == []


@pytest.mark.stage
@pytest.mark.parametrize("theme", ["light", "dark", "contrast"])
def test_a_note_on_the_controls_is_read_by_everybody(theme: str, stage: Callable[..., Stage]) -> None:
    shown = stage(theme=theme, width=320)
    shown.mount("caption", caption_state())
    note = shown.page.locator(".llw-note")
    expect(note).to_be_hidden()
    shown.set("note", say("en", "controls.private"))
    expect(note).to_be_visible()
    expect(note).to_contain_text("In private only the network learns")
    found = Axe().run(shown.page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.stage
@pytest.mark.parametrize("fast", [None, -0.004])
def test_why_is_said_of_the_memories_that_are_there(fast: float | None, stage: Callable[..., Stage]) -> None:
    shown = mounted(stage)
    card = shown.page.locator(".llw-card").first
    card.get_by_role("button", name=re.compile("^Why")).click()
    question = shown.sent()[-1]
    shown.receive(
        {"type": "why", "answers": [question["id"]], "key": question["key"], "why": WHY | {"fast": fast}}
    )
    expect(card.locator(".llw-because table")).not_to_have_count(0)
    expect(card.get_by_text("The fast memory adds +0.00")).to_have_count(0 if fast is None else 1)


@pytest.mark.stage
def test_undo_is_not_offered_and_the_key_says_why(stage: Callable[..., Stage]) -> None:
    shown = mounted(stage)
    expect(shown.page.get_by_role("button", name="Undo")).to_have_count(0)
    shown.page.locator(".llw-card").first.focus()
    shown.page.keyboard.press("Control+z")
    expect(shown.page.get_by_role("alert")).to_contain_text("cannot be undone")
    assert shown.sent() == []


@pytest.mark.stage
def test_what_it_means_is_reached_by_the_keyboard(stage: Callable[..., Stage]) -> None:
    page = mounted(stage, privacy={**ACCOUNT, "unit": "example"}).page
    expect(page.locator(".llw-budget-help")).to_be_hidden()
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".llw-budget-help")).to_contain_text("A person is many events, and protected less.")
    expect(page.locator(".llw-budget-help")).to_contain_text("cannot be undone")


@pytest.mark.stage
def test_in_chinese(stage: Callable[..., Stage]) -> None:
    page = mounted(stage, "zh", privacy={**ACCOUNT, "left": 0}, did={**LIKED, "withheld": True}).page
    expect(page.locator(".llw-budget")).to_contain_text("上限 8 · δ = 1e-5 · 隐藏每个人")
    expect(page.locator(".llw-budget")).to_contain_text("此人的预算已用完")
    expect(page.locator(".llw-said b")).to_contain_text("未学习。")


@pytest.mark.stage
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": None, "left": None}, ["ε = 2.41 spent, no limit", "Clicks are learned, with noise."]),
        ({"epsilon": None, "limit": None, "left": None}, ["ε = ∞", "There is no noise"]),
        ({"left": 2**40, "delta": 2.5e-6}, ["δ = 2.5e-6", "Clicks are learned, with noise."]),
    ],
)
def test_a_budget_without_an_end_has_no_meter(
    changes: dict[str, Any], words: list[str], stage: Callable[..., Stage]
) -> None:
    page = mounted(stage, privacy={**ACCOUNT, **changes}).page
    for text in words:
        expect(page.locator(".llw-budget")).to_contain_text(text)
    expect(page.get_by_role("meter")).to_have_count(1 if changes.get("limit", 8) else 0)


@pytest.mark.stage
def test_an_ordinary_list_says_nothing_of_it(stage: Callable[..., Stage]) -> None:
    page = mounted(stage, privacy=None, undo=True).page
    expect(page.locator(".llw-budget")).to_be_hidden()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.locator("#root")).not_to_contain_text("ε")


LIVE = """
import lifelong_widgets as lw
data = lw.datasets.load("bookshop", n_events=400)
plan = lw.privacy.private_settings("person", epsilon=8, epochs=2, sampling_rate=0.2, uses=1)
rec = lw.Recommender(data.catalog, embedding_dim=8, replay_ratio=0, **plan)
rec.fit(data.interactions, progress=False)
lw.Studio(rec)
"""


@pytest.mark.browser
def test_a_live_budget_runs_out(notebook: Callable[[list[str]], Notebook]) -> None:
    page = notebook([LIVE]).page
    strip = page.locator(".llw-budget")
    expect(strip).to_contain_text("At most 1 more click of this person is learned, with noise.")
    before = strip.locator("summary").inner_text()
    like = page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Like"))
    like.click()
    expect(strip).to_contain_text("This person's budget is used up")
    assert strip.locator("summary").inner_text() != before
    expect(page.locator(".llw-status")).to_contain_text("learned 1 click ")
    page.locator(".llw-card").first.get_by_role("button", name=re.compile("^Like")).click()
    expect(page.locator(".llw-said b")).to_contain_text("Remembered, not learned.")
    expect(page.locator(".llw-status")).to_contain_text("learned 1 click ")
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    expect(page.locator(".jp-OutputArea-output").filter(has_text="PrivacyWarning")).to_have_count(0)
