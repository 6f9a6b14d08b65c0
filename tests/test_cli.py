"""The command line, as somebody without a browser uses it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.cli import main

COMMAND = [sys.executable, "-m", "lifelong_widgets"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a log and its items, in other people's column names, as CSV and as Parquet."""
    rng = np.random.default_rng(0)
    n = 300
    log = pd.DataFrame(
        {
            "customer": [f"c{number}" for number in rng.integers(0, 12, n)],
            "product": [f"p{number}" for number in rng.permutation(n) % 60],
            "at": pd.date_range("2024-01-01", periods=n, freq="h").strftime("%Y-%m-%dT%H:%M:%S"),
            "what": rng.choice(["like", "skip", "bought"], n, p=[0.6, 0.1, 0.3]),
        }
    )
    items = pd.DataFrame(
        {
            "product": [f"p{number}" for number in range(60)],
            "name": [f"Thing {number}" for number in range(60)],
            "tags": ["old|red" if number % 2 else "new" for number in range(60)],
            "description": [f"a thing of number {number}" for number in range(60)],
        }
    )
    for name, frame in (("log", log), ("items", items)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        frame.to_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


COLUMNS = [
    "--user-column=customer", "--item-column=product", "--time-column=at", "--kind-column=what",
    "--title-column=name", "--categories-column=tags", "--kind=bought=2",
]  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line in this process."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as stop:  # argparse's own
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def figures(report: dict[str, Any]) -> dict[str, Any]:
    """What of a JSON report is the same in every run: not the durations."""
    return {
        name: {key: value for key, value in learner.items() if key != "cpu_us"}
        for name, learner in report["learners"].items()
    }


def test_help_answers_without_loading_the_engine() -> None:
    script = (
        "import sys\nfrom lifelong_widgets.cli import main\n"
        "try:\n    main(['replay', '--help'])\n"
        "except SystemExit:\n    print(sorted({'torch', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "--warm-up" in done.stdout and done.stdout.endswith("[]\n")


def test_the_data_sets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "datasets")
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    from lifelong_widgets.data import datasets

    assert (code, err, list(lines)) == (0, "", datasets.list())
    assert "invented" in lines["bookshop"] and "films" in lines["movielens-100k"]


def test_a_data_set_is_fetched_and_described(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "fetch", "bookshop")
    assert code == 0 and "simulated" in out.lower()


@pytest.mark.parametrize(("name", "remedy"), [("mind", "folder="), ("csv-folder", "item_data.csv")])
def test_a_data_set_that_lies_in_a_folder_says_so(
    capsys: pytest.CaptureFixture[str], name: str, remedy: str
) -> None:
    code, out, err = run(capsys, "fetch", name)
    assert (code, out) == (2, "") and remedy in err


def test_settings_are_listed_with_default_bounds_and_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "settings")
    assert code == 0
    for line in ("learning_rate=", "replay_ratio=", "capacity=", "delta=0.002   (drift; 1e-06 … 0.5; live)"):
        assert line in out


def test_a_data_set_by_name_with_everything_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(
        capsys, "replay", "bookshop", "--limit", 300, "--quiet", "--set", "learning_rate=0.001",
        "--json", tmp_path / "r.json", "--html", tmp_path / "r.html", "--save", tmp_path / "r.lw",
    )  # fmt: skip
    assert code == 0, err
    assert "fifth 2" in out and "fifth 1" not in out
    for metric in ("HR@10", "nDCG@10", "MRR@100"):
        assert out.count(metric) == 3
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert list(report["learners"]) == ["live", "frozen", "popularity"]
    assert (report["warm_up_events"], report["tested_events"]) == (60, 240)
    assert report["about"]["settings"]["learning_rate"] == 0.001
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")

    from lifelong_widgets import Recommender

    saved = Recommender.load(tmp_path / "r.lw")
    assert saved.n_events == 300 and saved.updater.learning_rate == 0.001


def test_the_same_seed_gives_the_same_figures_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("replay", "bookshop", "--limit", 200, "--quiet", "--json", "-", "--seed", 3)
    one, two = (json.loads(run(capsys, *arguments)[1]) for _ in range(2))
    assert figures(one) == figures(two)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_log_of_ones_own(capsys: pytest.CaptureFixture[str], shop: Path, suffix: str) -> None:
    code, out, err = run(
        capsys, "replay", shop / f"log.{suffix}", "--items", shop / f"items.{suffix}", *COLUMNS,
        "--learners", "popularity", "--k", 5, "--depth", 20, "--warm-up", 0.4, "--json", "-", "--quiet",
    )  # fmt: skip
    assert code == 0, err
    report = json.loads(out)
    assert (report["k"], report["depth"]) == (5, 20)
    assert (report["warm_up_events"], report["replayed_events"]) == (120, 180)
    assert report["tested_events"] < 180  # skips are learned, not tested
    assert list(report["learners"]) == ["popularity"]


def test_the_model_reads_a_log_of_ones_own_too(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    code, out, err = run(
        capsys, "replay", shop / "log.csv", "--items", shop / "items.csv", *COLUMNS,
        "--learners", "live", "--json", "-", "--quiet", "--set", "epochs=1",
    )  # fmt: skip
    assert code == 0, err
    assert json.loads(out)["learners"]["live"]["all"]["events"] > 100


def test_without_items_a_log_is_enough(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = pd.DataFrame({"user": ["a", "b"] * 20, "item": [f"i{n // 2}" for n in range(40)]})
    log.to_csv(tmp_path / "log.tsv", sep="\t", index=False)
    code, out, err = run(
        capsys, "replay", tmp_path / "log.tsv", "--rows-in-order", "--learners", "popularity", "--quiet"
    )
    assert code == 0, err
    assert out.startswith("log.tsv\n32 events replayed")


def test_items_without_content_and_repeats_are_mentioned(
    capsys: pytest.CaptureFixture[str], shop: Path
) -> None:
    pd.read_csv(shop / "items.csv").head(50).to_csv(shop / "some.csv", index=False)
    arguments = (
        "replay", shop / "log.csv", "--items", shop / "some.csv", *COLUMNS,
        "--learners=popularity", "--quiet",
    )  # fmt: skip
    code, _, err = run(capsys, *arguments)
    assert code == 0
    assert "10 of the 60 items of the log are not in" in err and "--include-seen" in err
    assert "--include-seen" not in run(capsys, *arguments, "--include-seen")[2]
    # what was looked at and not consumed stays in the lists, so it is no miss
    assert "--include-seen" not in run(capsys, *arguments, "--kind-column=view")[2]


def test_a_log_of_json_lines_keeps_its_types(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [
        {"event": n, "user": n % 3, "item": f"i{n // 2}", "kind": "like", "time": n, "value": None,
         "shown": ["i0", "i1"], "id": None, "call": None}
        for n in range(40)
    ]  # fmt: skip
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = run(capsys, "replay", path, "--learners", "popularity", "--quiet")
    assert code == 0, err
    assert out.startswith("log.jsonl\n32 events replayed")
    path.write_text(json.dumps({**rows[0], "kind": ["like"]}) + "\n")
    code, _, err = run(capsys, "replay", path, "--quiet")
    assert code == 2 and "column 'kind', line 1 of" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["replay", "movielens"], "neither a data set nor a file; did you mean 'movielens-100k'?"),
        (["replay", "nowhere.csv"], "there is no file 'nowhere.csv'"),
        (["replay", "log.csv"], "no column 'user' for the user ids in log.csv"),
        (["replay", "log.csv", *COLUMNS[1:]], "Name the right one with --user-column."),
        (["replay", "log.csv", COLUMNS[0], *COLUMNS[2:]], "Name the right one with --item-column."),
        (["replay", "log.csv", *COLUMNS[:2]], "with --time-column, or say --rows-in-order"),
        (["replay", "log.csv", *COLUMNS, "--value-column=price"], "Leave out --value-column"),
        (
            ["replay", "log.csv", *COLUMNS, "--kind-column=wat"],
            "a column nor a kind of feedback; did you mean 'what'?",
        ),
        (
            ["replay", "log.csv", *COLUMNS, "--items=items.csv", "--items-item-column=sku"],
            "no column 'sku' for the item ids in items.csv",
        ),
        (
            ["replay", "log.csv", *COLUMNS, "--items=items.csv", "--title-column=nam"],
            "no column 'nam' for --title-column in items.csv; did you mean 'name'?",
        ),
        (["replay", "bookshop", "--items-item-column=sku"], "--items-item-column is for a LOG file"),
        (["replay", "log.csv", *COLUMNS[:-1], "--kind", "bought=1e20"], "must be at most 1000"),
        (["replay", "bookshop", "--seed", "-1"], "-1 is not between 0 and 4294967295"),
        (["replay", "bookshop", "--seed", "4294967296"], "is not between 0 and"),
        (["replay", "bookshop", "--seed", "x"], "'x' is not a whole number"),
        (["replay", "bookshop", "--warm-up", "half"], "'half' is not a number"),
        (["replay", "bookshop", "--set", "seed=5"], "there is no hyperparameter 'seed'"),
        (["replay", "bookshop", "--set", "kinds=5"], "there is no hyperparameter 'kinds'"),
        (
            ["replay", "bookshop", "--learners=popularity", "--set", "nonsense=1"],
            "there is no hyperparameter 'nonsense'",
        ),
        (["replay", "bookshop", "--set", "learning_rate=NaN"], "learning_rate"),
        (["replay", "log.csv", *COLUMNS[:-1]], "Say what it is worth: --kind bought=1.0"),
        (["replay", "log.csv", *COLUMNS[:-1]], "lets it come again: lw.FeedbackKind(…, consumes=False)"),
        (["replay", "log.csv", *COLUMNS[:-1], "--kind", "bought=-1"], "a weight is not negative"),
        (["replay", "log.csv", *COLUMNS[:-1], "--kind", "bought"], "--kind takes NAME=VALUE"),
        (["replay", "log.csv", *COLUMNS[:-1], "--kind", "bought=much"], "it must be a number such as 1.0"),
        (["replay", "log.csv", *COLUMNS, "--items", "absent.csv"], "there is no file 'absent.csv'"),
        (["replay", "log.csv", *COLUMNS, "--items", "items.csv", "--text-column=blurb"], "no column 'blurb'"),
        (["replay", "log.csv", *COLUMNS, "--limit", "2"], "raise --warm-up"),
        (["replay", "log.csv", *COLUMNS, "--json", "absent/r.json"], "the folder absent does not exist"),
        (["replay", "log.csv", *COLUMNS, "--html", "."], "is a folder"),
        (["replay", "log.csv", *COLUMNS, "--learners=popularity", "--save=m.lw"], "--learners leaves out"),
        (["replay", "log.csv", *COLUMNS, "--half-life", "soon"], "half_life must be a positive duration"),
        (["replay", "absent.csv", "--half-life", "soon"], "--half-life: half_life must be"),  # before the fit
        (["replay", "bookshop", "--items", "items.csv"], "--items is for a LOG file"),
        (["replay", "bookshop", "--rows-in-order"], "--rows-in-order is for a LOG file"),
        (["replay", "bookshop", "--set", "learning_rat=0.1"], "did you mean 'learning_rate'"),
        (["replay", "bookshop", "--set", "learning_rate=7"], "learning_rate"),
        (["replay", "bookshop", "--set", "learning_rate=quick"], "learning_rate"),
        (["replay", "bookshop", "--set", "learning_rate"], "--set takes NAME=VALUE"),
        (["replay", "bookshop", "--learners", "live,frosen"], "did you mean 'frozen'"),
        (["replay", "bookshop", "--warm-up", "1.5"], "not between 0 and 1"),
        (["replay", "bookshop", "--k", "0"], "less than 1"),
        (["fetch", "bookshp"], "did you mean 'bookshop'"),
        ([], "COMMAND"),
    ],
)
def test_what_cannot_be_used_is_one_clear_message(
    capsys: pytest.CaptureFixture[str],
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(shop)
    code, out, err = run(capsys, *arguments, *(["--quiet"] if "replay" in arguments else []))
    assert code == 2
    assert message in err and "Traceback" not in err
    assert out == ""


def test_items_may_call_their_ids_differently(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    items = pd.read_csv(shop / "items.csv").rename(columns={"product": "sku"})
    items.to_csv(shop / "items.csv", index=False)
    arguments = (
        "replay", shop / "log.csv", "--items", shop / "items.csv", *COLUMNS,
        "--learners=popularity", "--quiet",
    )  # fmt: skip
    code, _, err = run(capsys, *arguments)
    assert code == 2 and "Name the right one with --items-item-column." in err
    code, _, err = run(capsys, *arguments, "--items-item-column=sku")
    assert code == 0 and "not in" not in err


def test_a_kind_out_of_a_file_cannot_steer_the_terminal_or_the_shell(
    capsys: pytest.CaptureFixture[str], shop: Path
) -> None:
    log = pd.read_csv(shop / "log.csv")
    log.loc[0, "what"] = "x; rm -rf ~\x1b[2J\u202e"
    log.to_csv(shop / "log.csv", index=False)
    code, _, err = run(capsys, "replay", shop / "log.csv", *COLUMNS, "--quiet")
    assert code == 2
    assert "--kind 'x; rm -rf ~�[2J�=1.0'" in err
    assert "\x1b" not in err and "\u202e" not in err


def test_what_a_learner_cannot_learn_ends_the_run_with_a_report_and_the_error(
    capsys: pytest.CaptureFixture[str], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifelong_widgets.errors import LifelongWidgetsError
    from lifelong_widgets.evaluation import RecencyPopularity

    learn_one, learned = RecencyPopularity.learn_one, []

    def learn_five(self: RecencyPopularity, feedback: Any) -> None:
        if len(learned) == 5:
            raise LifelongWidgetsError("the loss is not finite")
        learned.append(feedback)
        learn_one(self, feedback)

    monkeypatch.setattr(RecencyPopularity, "learn_one", learn_five)
    code, out, err = run(
        capsys, "replay", shop / "log.csv", *COLUMNS, "--learners=popularity", "--quiet",
        "--json", shop / "r.json",
    )  # fmt: skip
    assert code == 1 and "Traceback" not in err
    assert err.endswith(
        "error: popularity at event 66: the loss is not finite; what was done until then is reported\n"
    )
    assert "ENDED BY AN ERROR" in out
    assert json.loads((shop / "r.json").read_text(encoding="utf-8"))["replayed_events"] == 5


def test_the_weights_of_kinds_reach_the_model(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    code, _, err = run(
        capsys, "replay", shop / "log.csv", *COLUMNS, "--kind=like=3", "--learners=live", "--quiet",
        "--set=epochs=1", "--save", shop / "m.lw",
    )  # fmt: skip
    assert code == 0, err
    from lifelong_widgets import Recommender

    kinds = Recommender.load(shop / "m.lw").kinds
    assert (kinds["like"].weight, kinds["bought"].weight) == (3.0, 2.0)


def interrupted(*arguments: str, when: bytes) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that gets Ctrl-C once its progress bar says `when`."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
        # a suite that runs in the background of a shell has inherited that Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stderr and process.stdout
        err = b""
        while when not in err:
            piece = process.stderr.read1(1024)
            assert piece, err.decode()
            err += piece
        process.send_signal(signal.SIGINT)
        try:
            out, rest = process.communicate(timeout=120)
        finally:
            process.kill()
    return process.returncode, out.decode(), (err + rest).decode()


def test_ctrl_c_stops_cleanly_and_still_reports() -> None:
    code, out, err = interrupted(
        "replay", "bookshop", "--learners", "live,popularity", "--json", "-", when=b"HR@10"
    )
    assert code == 130 and "Traceback" not in err
    report = json.loads(out)
    assert report["interrupted"]
    assert 0 < report["replayed_events"] < report["stream_events"] - report["warm_up_events"]


def test_ctrl_c_while_fitting_leaves_nothing_to_report_and_says_so() -> None:
    code, out, err = interrupted(
        "replay", "bookshop", "--set", "epochs=1000", "--set", "patience=1000", when=b"fit:"
    )
    assert (code, out) == (130, "")
    assert "interrupted while fitting: nothing was tested" in err and "Traceback" not in err
