"""The commands for a journal: look at it, export it, compare the model with it. None of them changes it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifelong_widgets.errors import FormatError

if TYPE_CHECKING:
    from lifelong_widgets.data import Catalog, Interactions

_FORMATS = (".parquet", ".csv", ".jsonl")


def add_to(commands: Any) -> None:
    """Add the commands to a parser's."""
    journal = commands.add_parser("journal", help="what is in a journal: events, people, checkpoints")
    journal.set_defaults(run=_journal)
    export = commands.add_parser(
        "export",
        help="write a journal's events, and its items, to files that `replay` takes",
        description="Write the events that count (those undone are left out) to a .parquet, .csv or .jsonl "
        "file, also while another process learns.",
    )
    export.set_defaults(run=_export)
    audit = commands.add_parser(
        "audit",
        help="make the model anew from the beginning of its journal, and compare the two by hash",
        description="Make the model anew from the beginning of its journal and compare it, by hash, with the "
        "one that the newest checkpoint gives. Exit code 1 if they differ.",
    )
    audit.set_defaults(run=_audit)
    for command in (journal, export, audit):
        command.add_argument("path", metavar="JOURNAL", help="the folder that Recommender.open made")
        command.add_argument("--quiet", action="store_true", help="no progress bar")
    export.add_argument("log", metavar="LOG", help="where the events go")
    export.add_argument("--items", metavar="ITEMS", help="where the catalogue goes")


def contents(path: str | os.PathLike[str]) -> tuple[Catalog, Interactions]:
    """The items and the events of the journal in the folder `path`.

    Raises:
        FormatError: there is none, or it is damaged.
        DataError: it has no events.
    """
    from lifelong_widgets import restoring
    from lifelong_widgets.journal import Journal

    with Journal.open(path, read_only=True) as journal:
        return restoring.contents(journal)


def _journal(options: argparse.Namespace) -> int:
    from lifelong_widgets.journal import CHECKPOINTS, Checkpoints, Journal

    with Journal.open(options.path, read_only=True) as journal:
        undone = sum(1 for entry in journal.entries() if entry.feedback) - sum(1 for _ in journal.events())
        print(f"{journal.last_id:,} entries, {journal.n_items:,} items")
        print(f"events taken back: {undone:,}; people forgotten: {len(journal.tombstones):,}")
        ids = ", ".join(f"{id:,}" for id in Checkpoints(journal.folder / CHECKPOINTS).ids())
        print(f"checkpoints after entry: {ids or 'none yet'}")
        print(f"people are kept under {'pseudonyms' if journal.pseudonymize else 'their own ids'}")
        print(f"hash of the log: {journal.digest()}")
    return 0


def _export(options: argparse.Namespace) -> int:
    from lifelong_widgets.journal import Journal

    with Journal.open(options.path, read_only=True) as journal:
        journal.export(options.log, progress=not options.quiet)
    if options.items is not None:
        catalog, _ = contents(options.path)
        _write_items(catalog, options.items)
    return 0


def _audit(options: argparse.Namespace) -> int:
    from lifelong_widgets.recommender import Recommender

    with Recommender.open(options.path, read_only=True, progress=not options.quiet) as rec:
        report = rec.audit(progress=not options.quiet)
    print(report)
    return 0 if report.equal else 1


def _write_items(catalog: Catalog, path: str) -> None:
    from lifelong_widgets.data.parquet_files import need_pyarrow
    from lifelong_widgets.files import replacing

    suffix, frame = Path(path).suffix.lower(), catalog.to_pandas()
    if suffix not in _FORMATS:
        raise FormatError(f"{path!r} is neither {', '.join(_FORMATS)}; choose one of these")
    with replacing(path) as aside:
        if suffix == ".parquet":
            need_pyarrow("writing")
            frame.to_parquet(aside)
        elif suffix == ".csv":
            frame.to_csv(aside, index=False)
        else:
            frame.to_json(aside, orient="records", lines=True, force_ascii=False)
