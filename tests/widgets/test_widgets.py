"""The Python side of each widget, with no browser: handlers are called as the front end would."""

from __future__ import annotations

import gc
import json
import time
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets
import pytest
import traitlets

import lifelong_widgets as lw
from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKind, FeedbackKinds
from lifelong_widgets.errors import DataError
from lifelong_widgets.explanation import Reason
from lifelong_widgets.parts import hyperparameters
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.widgets import (
    Controls,
    LiveSession,
    MemoryStrip,
    MetricsChart,
    RecommendationList,
    SimulationPanel,
    Studio,
    UserPicker,
)
from lifelong_widgets.widgets.assets import words
from lifelong_widgets.widgets.changes import Change
from lifelong_widgets.widgets.whys import Whys
from lifelong_widgets.widgets.wording import explain
from tests.widgets.shop import CATEGORIES, HOSTILE, LONG, MARKUP, UNPRINTABLE, hostile_shop, shop

PARTS = [RecommendationList, MetricsChart, MemoryStrip, Controls, UserPicker, SimulationPanel, Studio]


def said(widget: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the widget sends from now on."""
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr(widget, "send", lambda content, buffers=None: messages.append(content))
    return messages


def click(widget: RecommendationList, place: int, kind: str, name: str) -> dict[str, Any]:
    card = widget.make_snapshot()["cards"][place]
    message = {"type": "feedback", "id": name, "key": card["key"], "kind": kind}
    widget._on_message(widget, message, [])
    widget.session.wait()
    return card


@pytest.mark.parametrize("part", PARTS)
def test_every_part_stands_alone_on_a_recommender_or_a_session(part: Any) -> None:
    rec = shop()
    alone = part(rec)
    beside = part(LiveSession.of(rec))
    assert alone.session is beside.session
    bundle = alone._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data and "<" in data["text/html"]
    alone.close()
    beside.close()


@pytest.mark.parametrize("part", PARTS)
def test_a_closed_part_listens_no_more_and_is_collected(part: Any) -> None:
    session = LiveSession(shop())
    widget = part(session)
    name = weakref.ref(widget)
    widget.close()
    widget.close()  # twice is no error
    assert len(session._listeners) == 0
    del widget
    gc.collect()
    assert name() is None
    session.feedback("b1", "like").result()


def test_a_click_is_answered_with_the_new_list(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = RecommendationList(LiveSession(shop(), k=10))
    messages = said(widget, monkeypatch)
    card = click(widget, 2, "like", "c1")
    answer = messages[0]
    assert (answer["type"], answer["answers"]) == ("list", ["c1"])
    assert card["key"] not in [other["key"] for other in answer["snapshot"]["cards"]]
    assert answer["snapshot"]["did"]["title"] == card["title"]
    assert answer["snapshot"]["clicks"] == 1 and answer["snapshot"]["latency"] > 0
    json.dumps(answer)  # plain values only: numpy numbers would not cross the wire
    widget.close()


def test_a_click_that_comes_after_another_person_was_chosen_is_answered_and_theirs_who_saw_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = LiveSession(shop(), user="ada", k=10)
    widget, learned = RecommendationList(session), []
    learn = session.rec.learn_one
    monkeypatch.setattr(session.rec, "learn_one", lambda event: (learned.append(event), learn(event))[1])
    snapshot = widget.make_snapshot()
    card = {"type": "feedback", "kind": "like", "version": snapshot["version"]}
    session.choose_user("bob").result()
    messages = said(widget, monkeypatch)
    for name, place in (("c1", 0), ("c2", 3), ("c1", 0)):  # the first comes again, as it had no answer
        widget._on_message(widget, {**card, "id": name, "key": snapshot["cards"][place]["key"]}, [])
    for _ in range(20):  # lists come at most every 60 ms
        time.sleep(0.01)
        session.wait()
    shown = tuple(session.rec.catalog.ids[other["key"]] for other in snapshot["cards"])
    assert [(event.user, event.item, event.shown) for event in learned] == [
        ("ada", shown[0], shown),
        ("ada", shown[3], shown),
    ]
    answers = [message for message in messages if message.get("answers")]
    assert [name for message in answers for name in message["answers"]] == ["c1", "c2", "c1"]
    assert {message["snapshot"]["user"] for message in answers} == {"bob"}
    widget.close()


def ask(widget: RecommendationList, key: object, version: object, name: str) -> None:
    message = {"type": "why", "id": name, "key": key, "version": version}
    widget._on_message(widget, message, [])
    widget.session.wait()


def test_words_that_say_nothing_are_one_row_of_why() -> None:
    catalog = Catalog.from_records(
        [{"item": n, "title": title} for n, title in enumerate(("The Fog of the Sea", "The Sea", "The Ant"))]
    )
    rec = Recommender(catalog, embedding_dim=8)
    for user in ("a", "b"):
        rec.learn_one(user=user, item=1, kind="like")
        rec.learn_one(user=user, item=0, kind="like")
    rec.learn_one(user="me", item=1, kind="like")
    shown = Whys(rec).of("me", 0, 1)["features"]
    told = [feature for feature in rec.explain("me", 0).features if feature.modality]
    names = [row["name"] for row in shown]
    assert (
        None in names and set(names) <= {None, "fog", "sea"} and {"the", "of"} <= {one.name for one in told}
    )
    assert sum(row["amount"] for row in shown) == pytest.approx(sum(one.amount for one in told), abs=0.02)


@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_why_is_answered_with_what_adds_up_to_the_score(
    discount: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = Recommender(shop().catalog, embedding_dim=8, discount=discount, session_gap=1e9)
    for n, item in enumerate(("b1", "b4", "b7")):
        rec.learn_one(user="me", item=item, kind="like", time=float(n))
    widget = RecommendationList(LiveSession(rec, k=10))
    messages = said(widget, monkeypatch)
    snapshot, before = widget.make_snapshot(), rec.digest()
    card = snapshot["cards"][0]
    ask(widget, card["key"], snapshot["version"], "w1")
    (answer,) = messages
    assert (answer["type"], answer["answers"], answer["key"]) == ("why", ["w1"], card["key"])
    why = json.loads(json.dumps(answer["why"]))
    assert sum(row["amount"] for row in why["parts"]) == pytest.approx(card["score"], abs=0.05)
    assert {row["title"] for row in why["events"]} <= {"Book 1", "Book 4", "<img src=x onerror=alert(1)>"}
    assert why["events"] and why["features"] and why["changed"] is None
    if discount:
        row = rec.values("me", [rec.catalog.ids[card["key"]]])[0]
        assert why["value"]["chance"] == row.chance and why["value"]["value"] == row.value
    else:
        assert why["value"] is None
    assert rec.digest() == before, "who asks changes nothing"
    # after a click the same card says what has changed
    click(widget, 3, "like", "c1")
    newer = widget.make_snapshot()
    there = {other["key"]: other for other in newer["cards"]}[card["key"]]
    ask(widget, card["key"], newer["version"], "w2")
    changed = messages[-1]["why"]["changed"]
    assert changed["amount"] == pytest.approx(there["score"] - card["score"], abs=1e-4)
    assert changed["by"] in {row["part"] for row in messages[-1]["why"]["parts"]}
    widget.close()


def test_a_question_about_nothing_is_refused_and_people_who_were_forgotten_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    widget = RecommendationList(LiveSession(shop(), k=10))
    messages = said(widget, monkeypatch)
    for key in (10**6, "b1", None, True):
        ask(widget, key, 1, "w1")
        assert messages[-1]["type"] == "error" and messages[-1]["answers"] == ["w1"]
    snapshot = widget.make_snapshot()
    for version in (None, "1", 10**9):  # of a list that nobody knows: of who looks on now
        ask(widget, snapshot["cards"][0]["key"], version, "w2")
        assert messages[-1]["type"] == "why"
    assert widget._whys._said
    widget._on_change(Change("people"))
    assert not widget._whys._said
    widget.close()


def test_an_opened_item_stays_and_says_so() -> None:
    widget = RecommendationList(LiveSession(shop(), k=30))
    card = click(widget, 0, "view", "c1")
    after = {other["key"]: other for other in widget.make_snapshot()["cards"]}
    assert after[card["key"]]["given"] == ["view"]
    widget.close()


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"id": "c1", "key": 999, "kind": "like"}, "no item"),
        ({"id": "c1", "key": "1", "kind": "like"}, "no item"),
        ({"id": "c1", "key": 1, "kind": "lik"}, "did you mean 'like'"),
        ({"id": "c1", "kind": "like"}, "no item"),
        ({"id": "c1", "key": True, "kind": "like"}, "no item"),
        ({"id": "c1", "key": 1, "kind": "like", "version": [1]}, "version is"),
        ({"id": "c1", "key": 1, "kind": "like", "version": 999}, "click again"),
    ],
)
def test_a_click_that_cannot_be_is_refused_in_the_widget(
    message: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    widget = RecommendationList(shop())
    messages = said(widget, monkeypatch)
    widget._on_message(widget, message, [])
    widget.session.wait()
    assert messages[0]["type"] == "error" and words in messages[0]["message"]
    assert widget.session.rec.n_events == 0
    widget.close()


@pytest.mark.parametrize("message", [None, "like", 3, [], {}, {"id": 5}])
def test_noise_from_the_wire_is_ignored(message: Any) -> None:
    widget = RecommendationList(shop())
    widget._on_message(widget, message, [])
    widget.session.wait()
    assert widget.session.rec.n_events == 0
    widget.close()


def test_only_kinds_that_the_recommender_knows_have_a_button() -> None:
    rec = shop()
    kinds = FeedbackKinds(*(DEFAULT_KINDS[name] for name in ("like", "skip")))
    widget = RecommendationList(Recommender(rec.catalog, kinds=kinds, embedding_dim=8))
    assert widget.actions == ["like", "skip"]
    widget.close()


def test_a_list_of_its_own_user_does_not_follow_the_picker() -> None:
    session = LiveSession(shop(), k=5)
    mine, anybodys = RecommendationList(session, user="ada"), RecommendationList(session)
    session.choose_user("bob").result()
    assert mine.make_snapshot()["user"] == "ada"
    assert anybodys.make_snapshot()["user"] == "bob"
    mine.close()
    anybodys.close()


def test_fallbacks_and_pages_hold_titles_as_text() -> None:
    widget = RecommendationList(LiveSession(shop(), k=30))
    for text in (widget.fallback_html(), widget.to_html(HOSTILE)):
        assert HOSTILE not in text
    assert "&lt;img" in widget.fallback_html()
    widget.close()


def test_text_of_any_length_and_sort_crosses_the_wire_short_and_printable() -> None:
    user, other = f"{MARKUP}{UNPRINTABLE}{LONG}"[:1000], f"{LONG[:900]}{UNPRINTABLE}"
    session = LiveSession(hostile_shop(), user=user, k=30)
    share = FeedbackKind("share", weight=2.0, consumes=False, label=user)
    session.rec.kinds = session.rec.kinds.with_kind(share)
    parts: list[Any] = [RecommendationList(session), MemoryStrip(session), UserPicker(session)]
    for item in session.rec.catalog.ids[:4]:
        session.feedback(item, "share").result()
    with pytest.raises(ZeroDivisionError):
        session.worker.submit(session._told, lambda *_: 1 / 0, user, LONG).result()
    picker = parts[2]
    session.choose_user(other).result()
    picker.who.value = "me"
    session.wait()
    picker.who.value = "log"  # the same person again, though the whole name is not on the screen
    session.wait()
    assert session.user == other and picker.caption.error == ""
    picker.from_log.value = LONG + UNPRINTABLE + "?"
    parts.append(picker.problem)
    states = [{**part.get_state(), "_esm": "", "_css": ""} for part in parts]
    wire = [json.dumps(state, default=str, ensure_ascii=False) for state in states]
    assert "knows nobody called “xxx" in wire[-1]
    wire += [json.dumps(part.make_snapshot(), default=str, ensure_ascii=False) for part in parts[:2]]
    wire += [part.fallback_html() for part in parts[:3]]
    wire += [
        explain(ValueError(LONG + UNPRINTABLE)),
        json.dumps(list(picker.from_log.options), ensure_ascii=False),
    ]
    for text in wire:
        assert len(text) < 30_000
        assert not {char for char in UNPRINTABLE if not char.isprintable()} & set(text)
    assert MARKUP not in parts[0].fallback_html()
    for part in parts:
        part.close()


def test_the_saved_state_of_a_studio_is_small() -> None:
    studio = Studio(LiveSession(shop()))
    studio.session.run_simulation(50).result()
    state = {
        name: value
        for part in (studio.list, studio.chart, studio.memory)
        for name, value in part.make_snapshot().items()
    }
    assert len(repr(state)) < 60_000
    studio.close()


def test_the_memory_strip_tells_what_the_buffer_holds() -> None:
    session = LiveSession(shop(), k=30)
    for item in ("b0", "b3", "b6", "b1"):  # three of the sea, one of crime
        session.feedback(item, "like").result()
    strip = MemoryStrip(session)
    snapshot = strip.make_snapshot()
    assert [(entry["name"], entry["share"]) for entry in snapshot["categories"]] == [
        ("Sea", 0.75),
        ("Crime", 0.25),
    ]
    assert (snapshot["kept"], snapshot["seen"], snapshot["every"]) == (4, 4, 1)
    assert snapshot["retention"] == "reservoir"
    assert list(snapshot["colours"]) == [0, 0, 0, 1]
    assert sum(snapshot["hot"]) == snapshot["replayed"] >= 1
    strip.close()


def test_a_large_buffer_is_drawn_in_at_most_160_bars() -> None:
    rec = shop(n=300)
    strip = MemoryStrip(Recommender(rec.catalog, embedding_dim=8, capacity=1000))
    for number in range(250):
        strip.session.feedback(f"b{number}", "view")
    strip.session.wait()
    snapshot = strip.make_snapshot()
    assert snapshot["every"] == 2 and len(snapshot["colours"]) == len(snapshot["hot"]) == 125
    assert {entry["name"] for entry in snapshot["categories"]} == set(CATEGORIES)
    strip.close()


def test_controls_are_those_of_the_live_traits() -> None:
    rec = shop()
    controls = Controls(rec)
    declared = hyperparameters(rec.parts, live_only=True)
    assert {h.name for h in declared} >= {"learning_rate", "replay_ratio"}
    for h in declared:
        control = controls[h.name]
        assert control.tooltip == h.help and control.description == h.label
        if h.scale == "log":
            assert isinstance(control, ipywidgets.FloatLogSlider)
            assert 10**control.min == pytest.approx(h.min) and 10**control.max == pytest.approx(h.max)
        elif h.kind == "int":
            assert (control.min, control.max) == (h.min, h.max)
    controls.close()


def test_controls_and_traits_follow_each_other() -> None:
    controls = Controls(shop())
    updater = controls.session.rec.updater
    controls["replay_ratio"].value = 9
    controls.session.wait()
    assert updater.replay_ratio == 9
    updater.replay_ratio = 4
    assert controls["replay_ratio"].value == 4
    controls["learning_rate"].value = 10 ** controls["learning_rate"].min
    controls.session.wait()
    assert updater.learning_rate == pytest.approx(updater.traits()["learning_rate"].min)
    assert controls.caption.error == ""
    controls.close()
    updater.replay_ratio = 2
    assert controls["replay_ratio"].value == 4


def test_a_refused_value_is_said_and_the_control_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    controls = Controls(shop())
    updater = controls.session.rec.updater
    before = updater.replay_ratio

    def never(_updater: Any, _value: Any) -> Any:
        raise traitlets.TraitError("not today")

    monkeypatch.setattr(type(updater).replay_ratio, "validate", never)
    controls["replay_ratio"].value = before + 1
    controls.session.wait()
    assert "not today" in controls.caption.error
    assert controls["replay_ratio"].value == before
    controls.close()


def test_the_picker_knows_me_the_log_and_simulated_people() -> None:
    session = LiveSession(shop())
    session.rec.learn_one(user="ada", item="b1", kind="like")
    session.rec.learn_one(user=196, item="b2", kind="like")
    picker = UserPicker(session)
    picker.who.value = "log"
    session.wait()
    assert session.user == "ada" and list(picker.from_log.options) == ["ada", "196"]
    picker.from_log.value = "196"
    session.wait()
    assert session.user == 196  # an integer, as in the log
    picker.from_log.value = "nobody"
    assert picker.problem.error == "The log knows nobody called “nobody”."
    picker.who.value = "simulated"
    session.wait()
    assert session.user == session.people.people[0]
    picker.who.value = "me"
    session.wait()
    assert session.user == "me" and picker.problem.error == ""
    picker.close()


def test_the_picker_offers_the_log_only_if_somebody_else_is_in_it() -> None:
    session = LiveSession(shop())
    session.feedback("b1", "like").result()  # so the model knows me, and nobody else
    picker = UserPicker(session)
    assert [kind for _, kind in picker.who.options] == ["me", "simulated"]
    session.choose_user("stranger").result()  # whom no log knows
    assert picker.who.value == "log" and picker.from_log.value == "stranger"
    picker.caption.language = "zh"  # written anew, and it still holds
    assert picker.who.value == "log" and session.user == "stranger"
    picker.from_log.value = ""
    picker.who.value = "me"
    session.wait()
    picker.who.value = "log"  # where there is nobody to offer: whoever is typed will do
    session.wait()
    assert picker.who.value == "log" and picker.caption.error == "" and session.user == "me"
    picker.close()


@pytest.mark.parametrize("name", ["--3", "-", "9" * 5000, "²"])
def test_a_name_that_is_nobodys_is_said(name: str) -> None:
    session = LiveSession(shop())
    session.rec.learn_one(user=-3, item="b2", kind="like")
    picker = UserPicker(session)
    picker.who.value = "log"
    session.wait()
    assert session.user == -3
    picker.from_log.value = name
    assert name[:70] in picker.problem.error
    session.wait()
    assert session.user == -3
    picker.close()


def test_on_a_closed_session_every_panel_says_so() -> None:
    session = LiveSession(shop())
    session.rec.learn_one(user="ada", item="b2", kind="like")
    panel, controls, picker = SimulationPanel(session), Controls(session), UserPicker(session)
    before = session.rec.updater.replay_ratio
    session.close()
    panel.run.click()
    assert "session is closed" in panel.caption.error
    panel.swap.click()
    assert "session is closed" in panel.caption.error and panel.caption.text == ""
    controls["replay_ratio"].value = before + 1
    assert "session is closed" in controls.caption.error
    assert controls["replay_ratio"].value == before  # where the model still is
    session.rec.updater.replay_ratio = before + 2
    assert controls["replay_ratio"].value == before + 2  # no drag is thought to be under way
    picker.who.value = "log"
    assert "session is closed" in picker.caption.error
    for part in (panel, controls, picker):
        part.close()


def test_pickers_follow_each_other_and_calls() -> None:
    session = LiveSession(shop())
    session.rec.learn_one(user=196, item="b2", kind="like")
    one, two = UserPicker(session), UserPicker(session)
    one.who.value = "log"
    session.wait()
    assert (two.who.value, two.from_log.value, two.from_log.layout.display) == ("log", "196", "")
    session.choose_user("me").result()
    assert one.who.value == two.who.value == "me" and session.user == "me"
    one.who.value = "simulated"
    session.wait()
    assert session.user == one.simulated.value
    one.close()
    two.close()


def test_the_panel_runs_tells_and_cancels() -> None:
    panel = SimulationPanel(LiveSession(shop()), n=5000)
    panel.run.click()
    assert panel.session.job is not None
    panel._show_job()
    assert panel.run.disabled and panel.cancel.layout.display == ""
    panel.run.click()  # a second push while it runs is nothing
    panel.cancel.click()
    result = panel.session.job.result(timeout=10)
    panel._show_job()
    assert result.cancelled and "cancelled after" in panel.caption.text
    assert not panel.run.disabled and panel.cancel.layout.display == "none"
    panel.close()


def test_labels_follow_the_language_of_the_browser() -> None:
    panel = SimulationPanel(shop())
    panel.caption.language = "zh"
    assert panel.run.description == words("zh")["simulation.run"].replace("{n}", "500")
    panel.close()


def test_both_catalogues_have_the_same_words_with_the_same_blanks() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        blanks = {part.split("}")[0] for part in text.split("{")[1:]}
        assert blanks == {part.split("}")[0] for part in chinese[key].split("{")[1:]}, key


def test_a_reason_is_said_in_the_language_of_the_reader() -> None:
    """A card says which sentence its reason is, and the page's words for it are those of the engine."""
    for key in Reason.KEYS:
        assert words("en")[f"reason.{key}"] == Reason(key, "{title}")
    widget = RecommendationList(shop())
    widget.session.feedback(widget.session.rec.catalog.ids[0], "like").result()
    for card in widget.make_snapshot()["cards"]:
        assert card["reason"] == words("en")[f"reason.{card['why']}"].replace("{title}", card["cause"])
    widget.close()


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError):
        MetricsChart(shop(), colour="red")
    with pytest.raises(traitlets.TraitError):
        MetricsChart(shop(), locale="fr")


def test_undo_from_the_browser_is_answered_with_what_was_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = RecommendationList(LiveSession(shop(), k=10))
    messages = said(widget, monkeypatch)
    assert not widget.make_snapshot()["undo"]
    card = click(widget, 2, "like", "c1")
    assert messages[0]["snapshot"]["undo"]
    for _ in range(2):  # the browser sends it twice
        widget._on_message(widget, {"type": "undo", "id": "u1", "page": "p", "n": 1}, [])
    for _ in range(100):  # lists come at most every 60 ms
        time.sleep(0.01)
        widget.session.wait()
    answers = [message for message in messages if "u1" in message.get("answers", ())]
    did = answers[0]["snapshot"]["did"]
    assert (did["undone"], did["user"], did["title"]) == (True, None, card["title"])
    assert widget.session.rec.n_events == 0 and not widget.make_snapshot()["undo"]
    widget._on_message(widget, {"type": "undo", "id": "u2", "page": "p", "n": 2}, [])
    widget.session.wait()
    assert messages[-1]["type"] == "error" and "taken back" in messages[-1]["message"]
    widget.close()


def test_a_studio_with_a_journal_says_so_and_refuses_that_of_another_model(tmp_path: Path) -> None:
    studio = Studio(shop(), journal=tmp_path / "shop.lw")
    assert studio.list.make_snapshot()["journal"] == "shop.lw"
    assert Studio(LiveSession(shop())).list.make_snapshot()["journal"] is None
    studio.session.feedback("b1", "like").result()
    again = Studio(studio.session, journal=tmp_path / "shop.lw")  # the same one again is no error
    with pytest.raises(DataError, match="close"):
        Studio(studio.session, journal=tmp_path / "other.lw")
    with pytest.raises(DataError, match="another model"):
        Studio(shop(seed=1), journal=tmp_path / "shop.lw")
    for part in (studio, again):
        part.close()
    studio.session.close()
    studio.session.rec.close()
    revived = Studio(shop(), journal=tmp_path / "shop.lw")
    assert revived.session.rec.n_events == revived.session.twin.n_events == 1
    assert list(revived.session.scores.marks) == []
    revived.close()
    revived.session.rec.close()


def test_the_list_names_what_undo_takes_back_after_others_have_clicked() -> None:
    session = LiveSession(shop(), k=5)
    widget = RecommendationList(session)
    session.feedback("b1", "like").result()
    assert session.call(widget.make_snapshot)["next"] is None  # the list says it itself
    session.run_simulation(3).result()
    following = session.call(widget.make_snapshot)["next"]
    undone = session.undo().result()[0]
    assert following["title"] == session.rec.catalog[undone.item].title
    assert (following["kind"], following["user"]) == (undone.kind, undone.user)
    assert session.call(widget.make_snapshot)["next"] is None
    widget.close()


def test_bars_do_not_make_much_of_little() -> None:
    widget = RecommendationList(LiveSession(shop(), k=5))
    shown = widget.session.shown("me")
    scores = (0.53875291, 0.53875262, 0.5, 0.2, -9.0)
    items = shown.recommendations.items
    near = replace(shown, recommendations=Recommendations("me", items, scores, widget.session.rec.catalog))
    bars = [card["bar"] for card in widget._cards(near)]
    assert bars[0] == 1.0 and bars[1] > 0.999 and bars == sorted(bars, reverse=True)
    widget.close()


def test_every_kind_of_a_recipe_has_a_button() -> None:
    for recipe in ("news", "e-commerce"):
        rec = lw.recipes.get(recipe).recommender(shop().catalog)
        widget = RecommendationList(rec)
        assert set(widget.actions) == set(rec.kinds) == set(widget.labels)
        widget.close()


def test_the_memory_calls_a_single_category_by_its_name() -> None:
    names = [f"c{n}" for n in range(9)]
    shelf = Catalog.from_records({"item": name, "title": name, "categories": [name]} for name in names)
    session = LiveSession(Recommender(shelf, embedding_dim=8, capacity=50))
    for name in (*names, *names[:8]):
        session.feedback(name, "view").result()
    strip = MemoryStrip(session)
    assert [entry["name"] for entry in strip.snapshot["categories"]] == names[:8]
    assert strip.snapshot["otherName"] == "c8" and strip.snapshot["other"] == pytest.approx(1 / 17)
    strip.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("user", r"user is of the session: Studio\(LiveSession\(rec, user=…\)\)"),
        ("journl", "takes no 'journl'; did you mean 'journal'"),
        ("width", "takes no 'width'$"),
    ],
)
def test_a_studio_says_where_an_argument_belongs(name: str, message: str) -> None:
    """Bug: a bare TypeError for whoever wanted to see the list of somebody."""
    with pytest.raises(DataError, match=message):
        Studio(shop(), **{name: "ada"})
