"""The bench itself: what it reads, how it compares, that it tunes on the warm-up, and how it ends."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Feedback, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import hit_rate, mrr, ndcg
from lifelong_widgets.evaluation.comparison import Ratio, gains, paired_ratio
from lifelong_widgets.memory import GROUPS
from tests.bench import __main__ as bench
from tests.bench import blocks, parts, peers
from tests.bench.logs import first_only, load, repeated_share
from tests.bench.run import FIRST, OURS, REPEAT, TWIN, run
from tests.bench.simple import GRIDS, SIMPLE, Interrupted, tune
from tests.evaluation.learners import catalog_of

DAY = 86_400


def folder_of(path: Path, n: int = 400, repeats: bool = True) -> Path:
    """A log of ten people who go round and round, one step every hour; every fifth step they go nowhere."""
    path.mkdir()
    steps = np.arange(n) // 10
    user = np.arange(n) % 10
    item = (user + steps) % 20 if repeats else user + 10 * steps
    events = pd.DataFrame(
        {
            "user": [f"u{number}" for number in user],
            "item": [f"i{number}" for number in item],
            "timestamp": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), unit="h"),
            "event": "view",
        }
    )
    events.to_parquet(path / "events.parquet")
    pd.DataFrame({"item": ["i0", "i1"], "title": ["Zero", "One"]}).to_parquet(path / "items.parquet")
    return path


def test_a_folder_is_read_and_what_speaks_against_an_item_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "user": ["a", "a", "b", "b", "a"],
            "item": ["x", "y", "x", "z", "x"],
            "timestamp": pd.to_datetime(
                ["2024-01-05", "2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
            ),
            "event": ["like", "like", "cancel", "like", "like"],
            "value": [1, 1, 1, -1, 1],
            "rating": [None, 5.0, None, None, 1.0],
        }
    )
    (tmp_path / "shop").mkdir()
    frame.to_parquet(tmp_path / "shop" / "events.parquet")
    log = load(str(tmp_path / "shop"))
    assert [(event.user, event.item) for event in log.events] == [("a", "y"), ("a", "x"), ("a", "x")]
    assert {event.kind for event in log.events} == {"rating"}
    assert log.name == "shop" and list(log.catalog.ids) == ["y", "x"]
    assert [event.time for event in first_only(log.events)] == [event.time for event in log.events[:2]]
    assert repeated_share(log.events) == pytest.approx(1 / 3)


def test_titles_come_from_the_items_and_every_item_of_the_log_is_there(tmp_path: Path) -> None:
    log = load(str(folder_of(tmp_path / "round")))
    assert log.catalog["i1"].title == "One" and len(log.catalog) == 20


def test_no_such_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=r"neither a data set .* nor a folder"):
        load(str(tmp_path))
    assert bench.main(["--log", str(tmp_path), "--quiet"]) == 2
    assert "neither a data set" in capsys.readouterr().err


def test_gains_are_what_the_measures_are_means_of() -> None:
    ranks = np.random.default_rng(0).integers(0, 130, size=500)
    for metric, mean in [("HR@10", hit_rate), ("nDCG@10", ndcg), ("MRR@100", mrr)]:
        assert gains(ranks, metric).mean() == pytest.approx(mean(ranks))


def test_the_interval_knows_a_difference_from_none() -> None:
    random = np.random.default_rng(0)
    people = np.arange(4000) % 400
    base = (random.random(4000) < 0.2).astype(float)
    better = np.maximum(base, random.random(4000) < 0.05)
    other = (random.random(4000) < 0.2).astype(float)
    assert paired_ratio(base, base, people) == Ratio(1.0, 1.0, 1.0)
    assert paired_ratio(better, base, people).verdict == "wins"
    assert paired_ratio(base, better, people).verdict == "loses"
    assert paired_ratio(other, base, people).verdict == "ties"
    assert paired_ratio(better, base, people) == paired_ratio(better, base, people)


def test_people_are_drawn_whole() -> None:
    """Forty people, each all luck or none: as events that would be certain, as people it is not."""
    lucky = np.repeat(np.random.default_rng(0).random(40) < 0.5, 100).astype(float)
    other = np.tile([0.0, 1.0], 2000)
    clustered = paired_ratio(lucky, other, np.repeat(np.arange(40), 100))
    single = paired_ratio(lucky, other, np.arange(4000))
    assert clustered.high - clustered.low > 5 * (single.high - single.low)


def test_settings_are_chosen_on_the_second_half_of_the_warm_up() -> None:
    """Each day has an item of its own: what was popular an hour ago is right, and a month ago is wrong."""
    rows = [(f"u{number}", f"i{number // 24}", number * 3600) for number in range(24 * 20)]
    log = Interactions.from_pandas(pd.DataFrame(rows, columns=["user", "item", "time"]))
    settings = tune(log, catalog_of(*log.items), exclude_seen=True, progress=False)
    assert set(settings) == set(SIMPLE)
    assert settings["popularity"]["half_life"] in ("15min", "2h", "12h")
    for name, grid in GRIDS.items():
        assert settings[name]["half_life"] == settings["popularity"]["half_life"]
        assert all(settings[name][key] in values for key, values in grid.items())


def test_a_run_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, file = folder_of(tmp_path / "round"), tmp_path / "out.json"
    assert bench.main(["--log", str(folder), "--limit", "300", "--json", str(file), "--quiet"]) == 0
    written = json.loads(file.read_text(encoding="utf-8"))
    first, repeat = written["results"]
    assert (first["protocol"], repeat["protocol"]) == (FIRST, REPEAT)
    assert first["events"] == 200 and repeat["events"] == 300  # each pair once; the first 300 of 400
    assert set(repeat["learners"]) >= {OURS, TWIN, *SIMPLE, "river FunkMF"}
    assert repeat["learners"]["last item"]["fifths"]["5"]["hit_rate"] == 1.0
    assert repeat["ours"]["HR@10"]["best_simple"] in SIMPLE
    assert set(repeat["ours"]["HR@10"]["ratio"]) == {"value", "low", "high"}
    printed = capsys.readouterr().out
    for name in (OURS, TWIN, *SIMPLE, *peers.installed()):
        assert name in printed.split("learners: ")[1].splitlines()[0]
    assert {name.split(" (")[0] for name in peers.installed()} == peers.PEERS.keys() - set(peers.missing())
    assert "### round, REPEAT" in printed and "### All logs" in printed
    for name in peers.missing():
        assert f"not installed, and so left out: {', '.join(peers.missing())}" in printed, name


def test_a_log_without_repeats_runs_once(tmp_path: Path) -> None:
    log = load(str(folder_of(tmp_path / "once", repeats=False)))
    assert bench._protocols(repeated_share(log.events)) == (FIRST,)


def test_the_same_run_twice_gives_the_same_ranks(tmp_path: Path) -> None:
    log = load(str(folder_of(tmp_path / "round")))
    one, other = (run(log, REPEAT, limit=150, progress=False) for _ in range(2))
    assert one.settings == other.settings
    for name in one.report.learners:
        np.testing.assert_array_equal(one.report.ranks[name], other.report.ranks[name])


def test_ctrl_c_gives_what_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[str] = []

    def stopped_in_the_second(log: Any, protocol: str, *options: Any) -> Any:
        runs.append(protocol)
        if len(runs) == 2:
            raise Interrupted
        return run(log, protocol, *options)

    monkeypatch.setattr(bench, "run", stopped_in_the_second)
    arguments = ["--log", str(folder_of(tmp_path / "round")), "--limit", "150", "--quiet"]
    assert bench.main([*arguments, "--json", str(tmp_path / "out.json")]) == 130
    captured = capsys.readouterr()
    assert "INTERRUPTED" in captured.err and "| round | FIRST" in captured.out
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["results"]) == 1


def test_river_scores_as_its_own_predictions_do_and_learns_two_tastes() -> None:
    peer = peers.RiverFunkMF(catalog_of(*range(12)))
    random = np.random.default_rng(0)
    for _ in range(3000):
        user = int(random.integers(40))
        peer.learn_one(Feedback(user, int(2 * random.integers(6) + user % 2)))
    scores = peer._scores(7, 12)
    assert scores is not None
    predicted = [peer._model.predict_one(7, item) for item in range(12)]
    np.testing.assert_allclose(np.log(scores), predicted, rtol=1e-6)
    assert {item % 2 for item in peer.recommend(7, 5, exclude_seen=False, reasons=False).items} == {1}
    known = set(peer._model.u_latents)
    peer.recommend("nobody", 5, exclude_seen=True, reasons=False)
    assert set(peer._model.u_latents) == known


class Workspace:
    """Stands for Vowpal Wabbit's, which need not be installed: writes down its blocks, likes high numbers."""

    def __init__(self, arguments: str) -> None:
        self.learned: list[list[str]] = []
        self.asked: list[list[str]] = []

    def learn(self, block: list[str]) -> None:
        self.learned.append(block)

    def predict(self, block: list[str]) -> list[float]:
        self.asked.append(block)
        return [float(line.rsplit(" ", 1)[1]) for line in block[1:]]


def test_vowpal_wabbit_is_told_one_right_item_and_asked_for_the_popular_and_what_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("vowpalwabbit")
    module.Workspace = Workspace  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vowpalwabbit", module)
    monkeypatch.setattr(peers.VowpalWabbit, "_POPULAR", 2)
    peer = peers.VowpalWabbit(catalog_of(*range(40)), negatives=5)
    for user, item in [("a", 7), ("a", 9), ("b", 7), ("c", 3), ("c", 3), ("d", 3), ("d", 7)]:
        peer.learn_one(Feedback(user, item))
    model = peer._model
    assert [block[0] for block in model.learned[:3]] == [
        "shared | |u 0",
        "shared | |u 0 |h 7",
        "shared | |u 1",
    ]
    assert [block[1] for block in model.learned[:3]] == ["1:0 |i 7", "1:0 |i 9", "1:0 |i 7"]
    for number, block in enumerate(model.learned):
        assert [line.split(" ")[0] for line in block[2:]] == [f"{n + 2}:1" for n in range(len(block) - 2)]
        assert block[1].split(" ")[-1] not in [line.split(" ")[-1] for line in block[2:]], number
    before = len(model.learned), dict(peer._rows)
    assert peer.recommend("b", 3, exclude_seen=True, reasons=False).items[:2] == (9, 3)  # as the model likes
    assert model.asked[-1] == ["shared | |u 1 |h 7", "1 |i 3", "2 |i 7", "3 |i 9"]  # 9 once followed 7
    assert peer.recommend("nobody", 4, exclude_seen=True, reasons=False).items[:2] == (7, 3)
    assert model.asked[-1] == ["shared |", "1 |i 3", "2 |i 7"]
    assert (len(model.learned), peer._rows) == before


def test_blocks_are_compared_on_a_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    items = pd.DataFrame({"item": [f"i{n}" for n in range(30)], "title": [f"word{n % 5}" for n in range(30)]})
    events = pd.DataFrame(
        {"user": [f"u{n % 12}" for n in range(240)], "item": [f"i{rng.integers(30)}" for _ in range(240)]}
    )
    events["timestamp"] = pd.to_datetime(np.arange(240) * 60, unit="s")
    items.to_parquet(tmp_path / "items.parquet")
    events.to_parquet(tmp_path / "events.parquet")
    asked = ["--log", str(tmp_path), "--tested", "40", "--arm", "ids only", "--arm", "tfidf · decayed_mlp"]
    assert blocks.main(asked) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [row.split(" | ")[0] for row in rows[2:]] == [
        "| ids only · decayed_mlp",
        "| text: tfidf · decayed_mlp",
    ]
    assert "cold HR to ids only" in rows[0] and "±" in rows[2] and "[" in rows[3]
    asked += ["--keep", str(tmp_path / "kept")]
    assert [blocks.main(asked), len(list((tmp_path / "kept").iterdir()))] == [0, 2]
    capsys.readouterr()
    monkeypatch.setattr(blocks, "outcome", None)  # a second run asks nothing that the first has kept
    assert blocks.main(asked) == 0
    again = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert [row.split(" | ")[:-1] for row in again] == [row.split(" | ")[:-1] for row in rows]
    assert blocks.main(["--log", str(tmp_path / "nowhere")]) == 2


def test_features_and_networks_make_a_grid(tmp_path: Path) -> None:
    def found(ranks: list[int]) -> blocks.Outcome:
        hits = {name: np.array(ranks, dtype=float) for name in blocks.METRICS}
        return blocks.Outcome(hits, np.array([9, 9, 0, 1]), np.arange(4), 1000.0)

    made = {"ids only · mlp": found([1, 1, 0, 0]), "ids only · gru": found([1, 0, 0, 1])}
    assert blocks.grid({**made, "union, late · mlp": found([1, 1, 1, 1])}, "HR@10").splitlines() == [
        "| HR@10, all / cold | mlp | gru |",
        "| --- | --- | --- |",
        "| ids only | 0.500 / 0.000 | 0.500 / 0.500 |",
    ]
    assert blocks.grid({"ids only · mlp": made["ids only · mlp"]}, "HR@10") == ""
    texts = {"text: tfidf · mlp": found([1, 1, 1, 0]), "text: tfidf · gru": found([1, 1, 0, 1])}
    worth = blocks.ratios({**made, **texts}).splitlines()
    assert worth[0].startswith("| to ids only | networks | HR@10, all |")
    assert worth[2].startswith("| text: tfidf | 2 | 1.500 [") and " 2.000 [" in worth[2]
    assert len(worth) == 3 and blocks.ratios(made) == ""
    assert blocks.ratios({**made, **texts}, network=True).splitlines()[2].startswith("| gru | 2 | 1.000 [")
    silent = Catalog.from_records([{"item": n} for n in range(3)])
    told = Catalog.from_records([{"item": 0, "title": "Fog", "categories": ["Sea"]}])
    assert not [name for name in blocks.arms(silent, full=True) if "text" in name or "union" in name]
    assert len(blocks.arms(silent)) < len(blocks.arms(silent, full=True))
    assert {"text: tfidf · gru", "union, early · gru", "union, late · decayed_mlp"} <= set(
        blocks.arms(told, full=True)
    )


def test_every_part_stands_beside_the_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path / "round", 300)
    assert parts.main(["--log", str(folder), "--tested", "100", "--protocol", REPEAT, "--quiet"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    _, _, whole, *others = rows
    assert whole[0] == "| whole" and float(whole[1]) > 0.5  # what goes round is foreseen
    assert [row[0][2:] for row in others] == [f"without {group}" for group in GROUPS] + ["network alone"]
    assert all("[" in cell for row in others for cell in row[4:])
    assert parts.main(["--log", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_parts_of_which_one_was_broken_off_are_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "round", 300)
    replay, broken = parts.prequential, {"interrupted": True, "error": None}

    def broken_off(*arguments: Any, **options: Any) -> Any:
        return dataclasses.replace(replay(*arguments, **options), **broken)

    monkeypatch.setattr(parts, "prequential", broken_off)
    for code in (130, 2):
        assert parts.main(["--log", str(folder), "--tested", "100", "--quiet"]) == code
        broken["error"] = "no room"
    told = capsys.readouterr()
    assert "whole" not in told.out and "error: no room" in told.err
