"""The file of a recommender: safetensors for the numbers, JSON for the rest, never a pickle."""

from __future__ import annotations

import os
from typing import TypeVar

from lifelong_widgets.data import Catalog, FeedbackKinds
from lifelong_widgets.engine import Engine
from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers import FeatureSettings
from lifelong_widgets.files import as_path, replacing
from lifelong_widgets.state_file import damage_of, read_tree, write_tree

KIND = "lifelong-widgets recommender"
VERSION = 8  # 1 had no digest, 2 no fast memory, 3 to 6 others; 7 is what one without a graph is

E = TypeVar("E", bound=Engine)


def save(engine: Engine, path: str | os.PathLike[str]) -> None:
    """Write `engine` to `path`: aside first, synced, then renamed over what is there.

    Raises:
        FormatError: `path` is a folder, lies in one that does not exist, or cannot be a path.
        LifelongWidgetsError: the system refuses to write.
    """
    target = as_path(path)
    if target.is_dir():
        raise FormatError(
            f"{target} is a folder; a recommender is saved as one file, such as {target}/mine.lw"
        )
    if not target.parent.is_dir():
        raise FormatError(f"there is no folder {target.parent} to save {target.name} in")
    tree = {
        "seed": engine.seed,
        "frozen": engine.frozen,
        "text_columns": list(engine.catalog.text_columns),
        "catalog": engine.catalog.to_records(),
        **engine.get_tree(),
    }
    with replacing(target) as aside:
        write_tree(aside, tree, KIND, VERSION if "graph" in tree else VERSION - 1)


def load(cls: type[E], path: str | os.PathLike[str]) -> E:
    """Read what `save` wrote.

    Raises:
        FormatError: the file is missing, damaged, something else, or of a newer version; or `path` cannot
            be one.
    """
    source = as_path(path)
    if source.is_dir():
        raise FormatError(f"{source} is a folder; a journal is opened with Recommender.open({str(source)!r})")
    tree = read_tree(source, KIND, VERSION)
    with damage_of(source):
        return cls.from_saved(
            catalog=Catalog.from_records(tree["catalog"], text=tree["text_columns"]),
            kinds=FeedbackKinds.from_dict(tree["kinds"]),
            seed=tree["seed"],
            frozen=tree["frozen"],
            settings=tree["settings"],
            features=FeatureSettings().make(tree["seed"]).set_state(tree["features"]),
            state=tree["state"],
            graph=tree.get("graph"),
        )
