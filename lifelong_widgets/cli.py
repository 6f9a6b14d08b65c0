"""The command line: replay a log, fetch a data set, list the settings. All without a browser.

Exit codes: 0 done, 1 a learner failed on the way (what was done is reported), 2 the input was not usable (one
message on stderr, no traceback), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lifelong_widgets
from lifelong_widgets import journal_commands
from lifelong_widgets.errors import DataError, LifelongWidgetsError, closest

# torch, pandas and what needs them are imported by the commands themselves: --help answers at once
if TYPE_CHECKING:
    import pandas as pd

    from lifelong_widgets.data import Catalog, FeedbackKinds, Interactions
    from lifelong_widgets.evaluation import Learner, PrequentialReport

FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
_LEARNERS = ("live", "frozen", "popularity")
_USUAL_TEXTS = ("text", "description")
# of no use with a named data set, which has its own catalogue and columns
_LOG_OPTIONS = (
    "items", "items_item_column", "title_column", "categories_column", "text_column",
    "user_column", "item_column", "time_column", "rows_in_order", "kind_column", "value_column",
    "kind", "negative_kind", "sep",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (by default the process's own); the exit code.

    >>> main(["datasets"])
    bookshop          invented books and simulated readers whose taste turns; made on ...
    movielens-100k    100,000 real ratings of films, 1997-98; fetched once (5 MB), for research use
    ...
    0
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        return code
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader, such as `head`, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (LifelongWidgetsError, OSError) as error:
        return _say(_safe(f"error: {error}"), UNUSABLE)


# ---- the commands ------------------------------------------------------------------------------------


def _datasets(_options: argparse.Namespace) -> int:
    from lifelong_widgets.data import datasets

    about = datasets.summaries()
    width = max(map(len, about))
    print("\n".join(f"{name:<{width}}  {line}" for name, line in about.items()))
    return 0


def _fetch(options: argparse.Namespace) -> int:
    from lifelong_widgets.data import datasets

    print(datasets.load(options.name).about)
    return 0


def _settings(_options: argparse.Namespace) -> int:
    from lifelong_widgets.settings_table import settings

    print(settings())
    return 0


def _replay(options: argparse.Namespace) -> int:
    _check_outputs(options)
    _check_half_life(options.half_life)
    settings = _settings_given(options)
    title, catalog, log = _source(options)
    if options.limit is not None:
        log = log[: options.limit]
    warm_up, stream = log.before(options.warm_up), log.after(options.warm_up)
    if not len(warm_up):
        raise DataError(f"a warm-up of {options.warm_up:g} of {len(log):,} events is none; raise --warm-up")
    _note_repeats(log, options)

    from lifelong_widgets.evaluation import catalog_after, prequential

    growing = catalog_after(catalog, warm_up)
    about: dict[str, Any] = {
        "title": title,
        "data": f"{len(log):,} events, {len(log.users):,} people, {len(log.items):,} items",
        "warm_up": options.warm_up,
        "include_seen": options.include_seen,
    }
    learners, stopped = _learners(options, settings, growing, warm_up, about)
    if stopped:
        return _say("interrupted while fitting: nothing was tested", INTERRUPTED)
    report = prequential(
        learners,
        stream,
        options.k,
        depth=max(options.depth, options.k),
        arrivals=catalog,
        exclude_seen=not options.include_seen,
        warm_up=warm_up,
        about=about,
        progress=not options.quiet,
    )
    _write(report, options)
    if options.save:
        learners["live"].save(options.save)  # type: ignore[attr-defined]
    if report.error is not None:
        return _say(_safe(f"error: {report.error}; what was done until then is reported"), FAILED)
    return INTERRUPTED if report.interrupted else 0


# ---- what a replay needs -----------------------------------------------------------------------------


def _source(options: argparse.Namespace) -> tuple[str, Catalog, Interactions]:
    """The title, the whole catalogue and the log: those of a named data set, or from files."""
    from lifelong_widgets.data import datasets

    if options.source in datasets.list():
        for name in _LOG_OPTIONS:
            if getattr(options, name) not in (None, False):
                flag = "--" + name.replace("_", "-")
                raise DataError(f"{flag} is for a LOG file; the data set {options.source!r} needs none")
        dataset = datasets.load(options.source)
        return dataset.name, dataset.catalog, dataset.interactions
    if Path(options.source).is_dir():
        return _safe(Path(options.source).name), *_of_journal(options)
    if not Path(options.source).suffix and not Path(options.source).exists():
        known = datasets.list()
        raise DataError(
            f"{options.source!r} is neither a data set nor a file{closest(options.source, known) or '.'} "
            f"Data sets are {', '.join(known)}; a LOG ends in .csv, .tsv, .parquet or .jsonl."
        )
    return _safe(Path(options.source).name), *_read(options)


def _of_journal(options: argparse.Namespace) -> tuple[Catalog, Interactions]:
    from lifelong_widgets.journal_commands import contents

    for name in _LOG_OPTIONS:
        if getattr(options, name) not in (None, False):
            flag = "--" + name.replace("_", "-")
            raise DataError(f"{flag} is for a LOG file; the journal {options.source!r} knows by itself")
    return contents(options.source)


def _read(options: argparse.Namespace) -> tuple[Catalog, Interactions]:
    from lifelong_widgets.data import Catalog, Interactions
    from lifelong_widgets.data.tables import read_table

    named = {
        name: column
        for name in ("user", "item", "time", "kind", "value")
        if (column := getattr(options, f"{name}_column")) is not None
    }
    if options.rows_in_order:
        named["time"] = None
    events, kinds = read_table(options.source, options.sep), _kinds(options)
    _check_columns(events, options)
    _refuse_unknown_kinds(events, named.get("kind"), kinds)
    log = Interactions.from_pandas(events, kinds=kinds, **named)
    if options.items is None:
        return Catalog.from_records({"item": item} for item in log.items), log

    frame = read_table(options.items, options.sep)
    item = options.items_item_column or options.item_column or "item"
    _check_item_columns(frame, item, options)
    texts = options.text_column or [name for name in _USUAL_TEXTS if name in frame.columns]
    content = {
        name: column
        for name in ("title", "categories")
        if (column := getattr(options, f"{name}_column")) is not None
    }
    catalog = Catalog.from_pandas(frame, item=item, text=texts or (), **content)
    bare = [item for item in log.items if catalog.index.get(item) is None]
    if bare:
        _note(
            f"{len(bare):,} of the {len(log.items):,} items of the log are not in {options.items}, "
            f"such as {bare[0]!r}: they have an id and no content"
        )
        catalog.add([{"item": item} for item in bare])
    return catalog, log


def _kinds(options: argparse.Namespace) -> FeedbackKinds:
    from lifelong_widgets.data import DEFAULT_KINDS, FeedbackKind
    from lifelong_widgets.data.display import brief

    kinds = DEFAULT_KINDS
    for given, positive in ((options.kind, True), (options.negative_kind, False)):
        for text in given or ():
            name, weight = _pair(text, "--kind" if positive else "--negative-kind", "like=1.0")
            if not isinstance(weight, (int, float)):
                raise DataError(f"the weight of {name!r} is {brief(weight)}; it must be a number such as 1.0")
            known = name in kinds and kinds[name].positive == positive
            kinds = (
                kinds.with_weights(**{name: weight})
                if known
                else kinds.with_kind(FeedbackKind(name, weight, positive))
            )
    return kinds


def _check_columns(events: pd.DataFrame, options: argparse.Namespace) -> None:
    """That the columns are there; the errors of `Interactions` name arguments, not flags."""
    from lifelong_widgets.data.frames import column

    where = f"in {options.source}"
    right = "Name the right one with"
    column(events, options.user_column or "user", f"the user ids {where}", f"{right} --user-column.")
    column(events, options.item_column or "item", f"the item ids {where}", f"{right} --item-column.")
    if not options.rows_in_order:
        remedy = f"{right} --time-column, or say --rows-in-order if there are no times."
        column(events, options.time_column or "time", f"the times {where}", remedy)
    if options.value_column is not None:
        remedy = "Leave out --value-column if there are none."
        column(events, options.value_column, f"the values {where}", remedy)


def _check_item_columns(frame: pd.DataFrame, item: str, options: argparse.Namespace) -> None:
    from lifelong_widgets.data.frames import column

    where = f"in {options.items}"
    remedy = "Name the right one with --items-item-column."
    column(frame, item, f"the item ids {where}", remedy)
    for flag, names in (
        ("--title-column", [options.title_column]),
        ("--categories-column", [options.categories_column]),
        ("--text-column", options.text_column or ()),
    ):
        for name in names:
            if name is not None:
                column(frame, name, f"{flag} {where}")


def _refuse_unknown_kinds(events: pd.DataFrame, named: str | None, kinds: FeedbackKinds) -> None:
    """All of them at once, with what to type; the error of `Interactions` speaks to programmers."""
    from lifelong_widgets.data import frames
    from lifelong_widgets.data.display import listing, near, printable

    column = named or "kind"
    if not frames.has_column(events, column):
        if named is not None and named not in kinds:
            hint = closest(named, [*events.columns, *kinds]) or "."
            raise DataError(
                f"--kind-column {named!r} is neither a column nor a kind of feedback{hint} The columns are "
                f"{listing(events.columns)}; the kinds are {listing(kinds)}"
            )
        return
    _, names = frames.ids(frames.column(events, column, "the kinds"), "kind")
    unknown = [str(name) for name in names if name not in kinds]
    if unknown:
        # they come out of a file and stand in a command that may be copied into a shell
        flags = " ".join(f"--kind {shlex.quote(printable(f'{name:.60}=1.0'))}" for name in unknown[:5])
        raise DataError(
            f"column {column!r} has {'kinds' if unknown[1:] else 'a kind'} of feedback that "
            f"{'are' if unknown[1:] else 'is'} not known{near(unknown[0], kinds)}. Say what "
            f"{'they are' if unknown[1:] else 'it is'} worth: {flags} (--negative-kind if it speaks against "
            "the item; after either the item is done with, and only Python lets it come again: "
            f"lw.FeedbackKind(…, consumes=False)). Known are {listing(kinds)}"
        )


def _learners(
    options: argparse.Namespace,
    settings: dict[str, Any],
    catalog: Catalog,
    warm_up: Interactions,
    about: dict[str, Any],
) -> tuple[dict[str, Learner], bool]:
    """The learners after the warm-up, over one shared catalogue; and whether Ctrl-C stopped the fit."""
    from lifelong_widgets.evaluation import RecencyPopularity

    learners: dict[str, Learner] = {}
    if "live" in options.learners or "frozen" in options.learners:
        from lifelong_widgets.recommender import Recommender

        live = Recommender(catalog, kinds=warm_up.kinds, seed=options.seed, **settings)
        fitted = live.fit(warm_up, progress=not options.quiet)
        if fitted.interrupted:
            return {}, True
        _note(f"fitted {len(warm_up):,} events: {fitted}")
        about |= {"seed": options.seed, "fit": str(fitted)}
        about["settings"] = live.settings()
        learners = {"live": live, "frozen": live.frozen_twin()}
    if "popularity" in options.learners:
        popularity = RecencyPopularity(catalog, kinds=warm_up.kinds, half_life=options.half_life)
        popularity.fit(warm_up)
        about["popularity half-life"] = options.half_life
        learners["popularity"] = popularity
    about["version"] = lifelong_widgets.__version__
    return {name: learners[name] for name in options.learners}, False


def _settings_given(options: argparse.Namespace) -> dict[str, Any]:
    """What --set says, found right or wrong before anything is read, whichever learners run."""
    given = dict(_pair(text, "--set", "learning_rate=0.001") for text in options.set)
    if not given:
        return {}
    from lifelong_widgets.data import Catalog
    from lifelong_widgets.errors import SettingError
    from lifelong_widgets.parts import hyperparameters
    from lifelong_widgets.recommender import Recommender

    anything = Catalog.from_records([{"item": "any"}])
    known = [setting.name for setting in hyperparameters(Recommender(anything).parts)]
    for name in given:
        if name not in known:
            raise DataError(
                f"--set: there is no hyperparameter {name!r}{closest(name, known) or '.'} "
                "`lifelong-widgets settings` lists them"
            )
    try:
        Recommender(anything, **given)
    except SettingError as error:
        raise DataError(f"--set: {error}") from None
    return given


def _note_repeats(log: Interactions, options: argparse.Namespace) -> None:
    import numpy as np

    consumes = np.array([log.kinds[name].consumes for name in log.kind_names])[log.kind_codes]
    pair = np.unique(log.user_codes * len(log.items) + log.item_codes, return_inverse=True)[1]
    place = np.arange(len(log))
    consumed = np.full(len(log), len(log))  # of each pair, where that was first
    np.minimum.at(consumed, pair[consumes], place[consumes])
    share = float((place > consumed[pair]).mean())
    if share >= 0.01 and not options.include_seen:
        _note(
            f"{share:.0%} of the events are of items that the person had consumed before. These are left out "
            "of the lists, so such events are misses; --include-seen keeps them in"
        )


# ---- writing -----------------------------------------------------------------------------------------


def _check_outputs(options: argparse.Namespace) -> None:
    """Find out before hours of work, not after, that a result could not be written."""
    for path in (options.json, options.html, options.save):
        if path in (None, "-"):
            continue
        if Path(path).is_dir():
            raise DataError(f"{path} is a folder; name a file")
        if not Path(path).resolve().parent.is_dir():
            raise DataError(f"cannot write {path}: the folder {Path(path).parent} does not exist; create it")
    if options.save and "live" not in options.learners:
        raise DataError("--save keeps the live model, which --learners leaves out")


def _check_half_life(given: str) -> None:
    from lifelong_widgets.evaluation.baselines.fading import FadingPopularity

    try:
        FadingPopularity(given)
    except DataError as error:
        raise DataError(f"--half-life: {error}") from None


def _write(report: PrequentialReport, options: argparse.Namespace) -> None:
    if options.json == "-":
        print(report.to_json())
    else:
        print(report)
        if options.json:
            report.to_json(options.json)
    if options.html:
        report.to_html(options.html)


def _note(text: str) -> None:
    print(_safe(f"note: {text}"), file=sys.stderr)


def _say(text: str, code: int) -> int:
    print(f"lifelong-widgets: {text}", file=sys.stderr)
    return code


def _safe(text: str) -> str:
    """`text` without what could steer the terminal: names out of files occur in it."""
    from lifelong_widgets.data.display import printable

    return "\n".join(map(printable, text.split("\n")))


# ---- reading the arguments ---------------------------------------------------------------------------


def _pair(text: str, flag: str, example: str) -> tuple[str, Any]:
    """``name=value`` with the value as JSON would read it, or else as text."""
    name, separator, value = text.rpartition("=")
    if not separator or not name or not value:
        raise DataError(f"{flag} takes NAME=VALUE, such as {flag} {example}; {text!r} is not that")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):  # no JSON, or an integer of thousands of digits
        return name, value


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _seed(text: str) -> int:
    value = _whole(text)
    if not 0 <= value < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {2**32 - 1}")
    return value


def _at_least_one(text: str) -> int:
    value = _whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return value


def _learner_names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in _LEARNERS:
            hint = closest(name, _LEARNERS)
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(_LEARNERS)}{hint}")
    return names


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lifelong-widgets", description="A recommender that learns from every click."
    )
    parser.add_argument("--version", action="version", version=lifelong_widgets.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    replay = commands.add_parser(
        "replay",
        help="fit the beginning of a log, then test and learn the rest event by event",
        description="Fit the beginning of a log in time order. Then, event by event, test the lists of the "
        "live model, of its frozen twin (the same model, which learns no more) and of recent popularity, "
        "and learn the event. Ctrl-C stops between two events and still reports.",
        epilog="lifelong-widgets settings lists what --set can change, with bounds.",
    )
    replay.set_defaults(run=_replay)
    replay.add_argument(
        "source",
        metavar="NAME|LOG",
        help="a data set's name, a .csv, .tsv, .parquet or .jsonl file, or the folder of a journal",
    )
    _add_protocol(replay)
    _add_columns(replay)
    _add_outputs(replay)

    fetch = commands.add_parser("fetch", help="get a data set and keep it for offline use")
    fetch.set_defaults(run=_fetch)
    fetch.add_argument("name", metavar="NAME", help="one that `lifelong-widgets datasets` lists")
    commands.add_parser("datasets", help="list the data sets: name and what it is").set_defaults(
        run=_datasets
    )
    commands.add_parser(
        "settings", help="list the hyperparameters: name, default, part, bounds and what they do"
    ).set_defaults(run=_settings)
    journal_commands.add_to(commands)
    return parser


def _add_protocol(replay: argparse.ArgumentParser) -> None:
    group = replay.add_argument_group("what is run")
    add = group.add_argument
    add("--warm-up", type=_fraction, default=0.2, metavar="PART", help="share of the log to fit (0.2)")
    add("--limit", type=_at_least_one, metavar="N", help="take only the first N events of the log")
    add("--k", type=_at_least_one, default=10, metavar="N", help="length of the lists for HR and nDCG (10)")
    add("--depth", type=_at_least_one, default=100, metavar="N", help="length of the lists for MRR (100)")
    add(
        "--learners",
        type=_learner_names,
        default=list(_LEARNERS),
        metavar="LIST",
        help=f"of {','.join(_LEARNERS)} (all)",
    )
    add("--include-seen", action="store_true", help="keep what a person has consumed in the lists")
    add("--half-life", default="7D", metavar="TIME", help="half-life of popularity, such as 7D or 90min (7D)")
    add("--seed", type=_seed, default=0, metavar="N", help="of everything random (0)")
    add(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyperparameter, such as learning_rate=0.001; may be repeated",
    )


def _add_columns(replay: argparse.ArgumentParser) -> None:
    group = replay.add_argument_group("for a LOG of your own")
    add = group.add_argument
    add(
        "--items", metavar="ITEMS", help="titles, categories and texts of the items, in a file of these kinds"
    )
    add("--sep", metavar="CHARACTER", help="between cells of .csv and .tsv files (a comma, or a tab)")
    add("--user-column", metavar="NAME", help="(user)")
    add("--item-column", metavar="NAME", help="in LOG, and in ITEMS unless the next says otherwise (item)")
    add("--items-item-column", metavar="NAME", help="in ITEMS (as in LOG)")
    add("--time-column", metavar="NAME", help="epoch seconds, datetimes or ISO 8601 (time)")
    add("--rows-in-order", action="store_true", help="the log has no times; its rows are in order")
    add("--kind-column", metavar="NAME", help="or the one kind that all events have (kind, else all clicks)")
    add("--value-column", metavar="NAME", help="(value, if there is one)")
    add("--title-column", metavar="NAME", help="in ITEMS (title)")
    add("--categories-column", metavar="NAME", help="in ITEMS: lists, or text separated by | (categories)")
    add(
        "--text-column",
        action="append",
        metavar="NAME",
        help="in ITEMS; may be repeated (text and description, if there)",
    )
    add("--kind", action="append", metavar="NAME=WEIGHT", help="a kind of feedback for an item; repeatable")
    add("--negative-kind", action="append", metavar="NAME=WEIGHT", help="one against it; repeatable")


def _add_outputs(replay: argparse.ArgumentParser) -> None:
    group = replay.add_argument_group("what is written")
    add = group.add_argument
    add("--json", metavar="PATH", help="the report as JSON; - prints it instead of the table")
    add("--html", metavar="PATH", help="the report as a page that opens offline")
    add("--save", metavar="PATH", help="the live model, as it is at the end")
    add("--quiet", action="store_true", help="no progress bar")


if __name__ == "__main__":
    sys.exit(main())
