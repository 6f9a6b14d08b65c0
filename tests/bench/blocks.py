"""What each featurizer and each network is worth: ``python -m tests.bench.blocks --log FOLDER``.

Every arm is a `Recommender` with its defaults but for the blocks that its row names. All learn the same first
part of a log and are then tested and taught event by event on the same events after it. Items come into the
catalogue when they were released. Where a log does not say when that was, the catalogue is whole from the
beginning, so that an item can be listed before its first event.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lifelong_widgets import Recommender
from lifelong_widgets.data import Catalog, Item
from lifelong_widgets.errors import LifelongWidgetsError, MissingExtraError
from lifelong_widgets.evaluation import PrequentialReport, catalog_after, prequential
from lifelong_widgets.evaluation.comparison import gains, paired_ratio
from lifelong_widgets.evaluation.metrics import COLD
from lifelong_widgets.featurizers import FEATURIZERS
from lifelong_widgets.intervals import interval_of
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.parts import hyperparameters
from tests.bench.logs import Log, first_only, load

METRICS = ("HR@10", "nDCG@10")
NONE = {f"{modality}_features": "none" for modality in FEATURIZERS}
IDS = "ids only"

Arms = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """One arm on one log: gains of every tested event by metric, and what an event cost.

    `earlier` is how many events the item of each had had till then.
    """

    gains: Mapping[str, NDArray[np.float64]]
    earlier: NDArray[np.int32]
    people: NDArray[np.int64]
    microseconds: float


def choices(name: str) -> tuple[str, ...]:
    """The values of the hyperparameter `name`, its default first."""
    parts = Recommender(Catalog.from_records([{"item": 0}])).parts
    declared = next(h for h in hyperparameters(parts) if h.name == name)
    return (declared.default, *(value for value in declared.choices if value != declared.default))


def arms(catalog: Catalog, full: bool = False) -> Arms:
    """The blocks to compare on a catalogue: each featurizer, then each network.

    Features of people stand beside the union of those of items. `full` for all pairs of the latter.
    """
    features: Arms = {IDS: {}}
    if catalog.categories:
        features["categories"] = {"categories_features": "multi_hot"}
    for name in choices("text_features") if any(map(written, catalog)) else ():
        if name != "none":
            features[f"text: {name}"] = {"text_features": name}
    for modality in ("image", "audio"):
        if any(getattr(item, modality) for item in catalog):
            for name in choices(f"{modality}_features")[1:]:
                features[f"{modality}: {name}"] = {f"{modality}_features": name}
    for name in choices("behavior_features")[1:]:
        features[f"behaviour: {name}"] = {"behavior_features": name}
    if "author" in catalog.text_columns:
        features["social: author"] = {"social_features": "author"}
    default, *others = choices("model")
    made = {f"{name} · {default}": {**NONE, **chosen} for name, chosen in features.items()}
    union = {}
    if any(map(written, catalog)):
        union["text_features"] = choices("text_features")[0]
    if catalog.categories:
        union["categories_features"] = "multi_hot"
    for modality in ("image", "audio"):
        if any(getattr(item, modality) for item in catalog):
            union[f"{modality}_features"] = "cnn"
    for name in choices("person_features")[1:]:
        made[f"person: {name} · {default}"] = {**NONE, **union, "person_features": name}
    fusions = choices("fusion") if len(union) > 1 else ()
    for fusion in fusions:
        made[f"union, {fusion} · {default}"] = {**NONE, **union, "fusion": fusion}
    for model in others:
        # a union of one is one of the features, and one of none is ids only
        best = f"union, {fusions[0]}" if fusions else next(n for n in features if features[n] == union)
        made[f"{best} · {model}"] = {**NONE, **union, "model": model}
        for name, chosen in features.items() if full else ():
            made[f"{name} · {model}"] = {**NONE, **chosen, "model": model}
    return made


def written(item: Item) -> bool:
    """Whether text features have more than an id to read."""
    return item.title != str(item.id) or any(item.texts.values())


def outcome(
    log: Log, settings: Mapping[str, Any], n_events: int, n_tested: int, seed: int, alone: bool
) -> Outcome:
    """Fit on what comes before the last `n_tested` of the first `n_events` events, and test on these."""
    events = first_only(log.events)[:n_events]
    n_tested = min(n_tested, len(events) // 2)
    warm_up, stream = events[:-n_tested], events[-n_tested:]
    switches = {**settings, **(NETWORK_ALONE if alone else {})}
    dated = any(item.released is not None for item in log.catalog)
    catalog = catalog_after(log.catalog, warm_up) if dated else log.catalog.subset(log.catalog.ids)
    rec = Recommender(catalog, kinds=events.kinds, seed=seed, **switches)
    rec.fit(warm_up, progress=False)
    report = prequential(rec, stream, depth=10, arrivals=log.catalog, warm_up=warm_up, progress=False)
    if report.interrupted:
        raise KeyboardInterrupt(report.error or "")
    return _of(report, stream.user_codes, len(warm_up))


def _of(report: PrequentialReport, users: NDArray[np.int64], n_before: int) -> Outcome:
    ranks = report.ranks["live"]
    cost = float(report.rank_us["live"].mean() + report.learn_us["live"].mean())
    found = {metric: gains(ranks, metric) for metric in METRICS}
    assert report.earlier is not None
    return Outcome(found, report.earlier, users[report.positions - n_before - 1], cost)


def _kept(folder: Path | None, log: Log, settings: Mapping[str, Any], *rest: int | bool) -> Outcome:
    """That of `outcome`, out of `folder` where an earlier run has left it there."""
    if folder is None:
        return outcome(log, settings, *rest)
    said = json.dumps([log.name, *sorted(settings.items()), *rest])
    path = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as found:
            gains = {metric: found[metric] for metric in METRICS}
            return Outcome(gains, found["earlier"], found["people"], float(found["microseconds"]))
    one = outcome(log, settings, *rest)
    arrays = dict(one.gains, earlier=one.earlier, people=one.people, microseconds=one.microseconds)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return one


def mean_of(outcomes: Sequence[Outcome]) -> Outcome:
    """One arm with several seeds on the same events: what each event gains on average."""
    first = outcomes[0]
    means = {metric: np.mean([one.gains[metric] for one in outcomes], axis=0) for metric in METRICS}
    cost = float(np.mean([one.microseconds for one in outcomes]))
    return Outcome(means, first.earlier, first.people, cost)


def table(found: Mapping[str, Outcome]) -> str:
    """Every arm's measures with 95 % intervals over people; beside cold ones the ratio to ids only.

    New are the events of items that had had none.
    """
    first = next(iter(found.values()))
    every = np.ones(len(first.earlier), dtype=bool)
    cold, new = first.earlier < COLD, first.earlier == 0
    parts = (f"all {len(every):,}", f"cold {cold.sum():,}")
    rows = [
        (
            "features · network",
            *(f"{metric}, {part}" for part in parts for metric in METRICS),
            *("cold HR to ids only", f"{METRICS[0]}, new {new.sum():,}", "ms an event"),
        )
    ]
    for name, one in found.items():
        cells = [_mean(one, metric, which) for which in (every, cold) for metric in METRICS]
        ratio = "" if name.startswith(IDS) or not cold.any() else _to_ids(one, found)
        rows.append((name, *cells, ratio, _mean(one, METRICS[0], new), f"{one.microseconds / 1000:.1f}"))
    return _lines(rows)


def grid(found: Mapping[str, Outcome], metric: str) -> str:
    """`metric` of all events / of cold ones, a row for each featurizer and a column for each network.

    Empty where no featurizer met two networks.
    """
    pairs = {tuple(name.split(" · ")): one for name, one in found.items()}
    models = list(dict.fromkeys(model for _, model in pairs))
    features = [
        name
        for name in dict.fromkeys(name for name, _ in pairs)
        if sum((name, model) in pairs for model in models) > 1
    ]
    if not features:
        return ""
    rows = [(f"{metric}, all / cold", *models)]
    for name in features:
        cells = (_both(pairs[name, model], metric) if (name, model) in pairs else "–" for model in models)
        rows.append((name, *cells))
    return _lines(rows)


def _both(one: Outcome, metric: str) -> str:
    values, cold = one.gains[metric], one.earlier < COLD
    return f"{values.mean():.3f} / " + (f"{values[cold].mean():.3f}" if cold.any() else "–")


def ratios(found: Mapping[str, Outcome], network: bool = False) -> str:
    """What a featurizer is worth whatever the network is: its mean gain over the networks against ids only.

    Or what a `network` is worth whatever the featurizer is, against the default. The ratios are paired, over
    people; a row has what was met by more than one partner that its baseline met, too.
    """
    pairs = {tuple(name.split(" · "))[:: -1 if network else 1]: one for name, one in found.items()}
    base = next(iter(pairs))[0] if network else IDS
    said, partners = (f"to {base}", "features") if network else (f"to {IDS}", "networks")
    first = next(iter(found.values()))
    parts = {"all": np.ones(len(first.earlier), dtype=bool), "cold": first.earlier < COLD}
    rows = [(said, partners, *(f"{metric}, {part}" for part in parts for metric in METRICS))]
    for name in dict.fromkeys(name for name, _ in pairs if name != base):
        shared = [partner for one, partner in pairs if one == name and (base, partner) in pairs]
        if len(shared) > 1:
            ours, theirs = (mean_of([pairs[one, partner] for partner in shared]) for one in (name, base))
            cells = [_paired(ours, theirs, metric, part) for part in parts.values() for metric in METRICS]
            rows.append((name, str(len(shared)), *cells))
    return _lines(rows) if len(rows) > 1 else ""


def _paired(ours: Outcome, theirs: Outcome, metric: str, which: NDArray[np.bool_]) -> str:
    if not which.any():
        return "–"
    return str(paired_ratio(ours.gains[metric][which], theirs.gains[metric][which], ours.people[which]))


def _lines(rows: Sequence[Sequence[str]]) -> str:
    lines = [" | ".join(("", *row, "")).strip() for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _mean(one: Outcome, metric: str, which: NDArray[np.bool_]) -> str:
    values = one.gains[metric][which]
    if not len(values):
        return "–"
    low, high = interval_of(
        values[:, None], np.ones((len(values), 1)), one.people[which].tolist(), "bootstrap"
    )
    return f"{values.mean():.4f} ±{(high - low) / 2:.4f}"


def _to_ids(one: Outcome, found: Mapping[str, Outcome]) -> str:
    ids = next((other for name, other in found.items() if name.startswith(IDS)), None)
    return "" if ids is None else _paired(one, ids, METRICS[0], one.earlier < COLD)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code: 0 done, 2 a log that cannot be used, 130 stopped by Ctrl-C."""
    options = _parser().parse_args(arguments)
    print(f"{datetime.date.today()}, {platform.processor() or platform.machine()}, one thread", flush=True)
    try:
        with threadpool_limits(limits=1):
            for source in options.log:
                log = load(source)
                print(f"\n### {log.name}{', the network alone' if options.alone else ''}\n", flush=True)
                found: dict[str, Outcome] = {}
                try:
                    _run(log, options, found)
                finally:  # what was done when it was broken off, too
                    if found:
                        print(table(found), flush=True)
                        print(f"\nCold: items with fewer than {COLD} events till then.", flush=True)
                        grids = (grid(found, metric) for metric in METRICS)
                        for part in filter(None, (*grids, ratios(found), ratios(found, network=True))):
                            print(f"\n{part}", flush=True)
    except KeyboardInterrupt:
        print("INTERRUPTED", file=sys.stderr)
        return 130
    except (LifelongWidgetsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(log: Log, options: argparse.Namespace, found: dict[str, Outcome]) -> None:
    """Every arm that was asked for, one after the other, into `found`."""
    for name, settings in arms(log.catalog, options.full).items():
        if options.arm and not any(wanted in name for wanted in options.arm):
            continue
        print(f"{log.name}: {name}", file=sys.stderr, flush=True)
        try:
            seeds = range(options.seed, options.seed + options.seeds)
            counts = options.events, options.tested
            found[name] = mean_of(
                [_kept(options.keep, log, settings, *counts, seed, options.alone) for seed in seeds]
            )
        except MissingExtraError as error:
            print(f"{name} is left out: {error}\n", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.blocks", description=__doc__)
    parser.add_argument("--log", action="append", required=True, help="a data set's name, or a folder")
    parser.add_argument("--events", type=int, default=10_000, help="how many first events of a log (10000)")
    parser.add_argument("--tested", type=int, default=2_000, help="how many of them are tested (2000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds an arm is the mean of (1)")
    parser.add_argument("--alone", action="store_true", help="the network alone, without the fast memory")
    parser.add_argument("--full", action="store_true", help="every featurizer with every network")
    parser.add_argument("--arm", action="append", help="only arms whose name holds this")
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep every arm's outcome here, and go on where one is (of whatever version of the code)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
