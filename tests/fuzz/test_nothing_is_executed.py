"""Nothing that is read can carry code: no pickle is loaded anywhere, nothing is evaluated."""

from __future__ import annotations

import ast
import os
import pickle
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lifelong_widgets
from lifelong_widgets.data import Interactions, tables
from lifelong_widgets.data.datasets import movielens_files
from lifelong_widgets.errors import LifelongWidgetsError
from lifelong_widgets.recommender import Recommender
from tests.fuzz.corpus import journals

_PACKAGE = Path(lifelong_widgets.__file__).parent
_MODULES = {
    "pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "code",
    "jsonpickle", "runpy", "imp",
}  # fmt: skip
_BUILTINS = {"eval", "exec", "compile", "__import__", "execfile"}
_METHODS = {"read_pickle", "to_pickle", "load_module", "exec_module", "system", "popen"}
_OF_MODULES = {("torch", "load"), ("torch", "save"), ("np", "load"), ("numpy", "load"), ("jit", "load")}


def dangers(tree: ast.AST) -> Iterator[str]:
    """What in a module could load a pickle or run what was read."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name.split(".")[0] in _MODULES)
            case ast.ImportFrom(module=str(module), names=names):
                if module.split(".")[0] in _MODULES:
                    yield module
                found = [name.name for name in names]
                yield from (name for name in found if name in _METHODS or (module, name) in _OF_MODULES)
            case ast.Name(id=name) if name in _BUILTINS:
                yield name
            case ast.Attribute(value=ast.Name(id=module) | ast.Attribute(attr=module), attr=name) if (
                module,
                name,
            ) in _OF_MODULES:
                yield f"{module}.{name}"
            case ast.Attribute(attr=name) if name in _METHODS:
                yield name
            case ast.keyword(arg="allow_pickle" | "shell", value=value) if not _is_false(value):
                yield str(node.arg)


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


@pytest.mark.parametrize(
    "path", sorted(_PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(_PACKAGE))
)
def test_no_module_loads_a_pickle_or_evaluates_anything(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if path.name == "efficientnet.py":  # weights that come in no other form
        checked, safe = "hexdigest() != _SHA256", 'torch.load(file, map_location="cpu", weights_only=True)'
        assert source.index(checked) < source.index(safe)
        source = source.replace(safe, "")
    assert not list(dangers(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        "import pickle", "from joblib import load", "import yaml", "import shelve", "eval(x)", "f = exec",
        "np.load(p)", "np.lib.format.read_array(f, allow_pickle=True)", "torch.load(p)", "torch.jit.load(p)",
        "pd.read_pickle(p)", "from pandas import read_pickle", "os.system(x)", "run(x, shell=True)",
        "from torch import load", "__import__(x)",
    ],
)  # fmt: skip
def test_each_of_these_would_be_found(source: str) -> None:
    assert list(dangers(ast.parse(source)))


@pytest.mark.parametrize("source", ["model.eval()", "re.compile(x)", "json.load(f)", "Recommender.load(p)"])
def test_none_of_these_is_taken_for_one(source: str) -> None:
    assert not list(dangers(ast.parse(source)))


# ---- and what happens when somebody sends one ----------------------------------------------------------


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "executed"


def traps(mark: Path, folder: Path) -> dict[str, bytes]:
    """Booby-trapped files as pickle, NumPy and torch write them, and those in the dress of what we read."""
    folder.mkdir()
    np.save(folder / "a.npy", np.array([Trap(mark)], dtype=object), allow_pickle=True)
    torch.save({"state": Trap(mark)}, folder / "a.pt")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("ml-100k/u.data", pickle.dumps(Trap(mark)))
        archive.writestr("ml-100k/u.item", pickle.dumps(Trap(mark), protocol=0))
    return {
        "pickle": pickle.dumps(Trap(mark)),
        "pickle of text": pickle.dumps(Trap(mark), protocol=0),
        **{path.suffix: path.read_bytes() for path in sorted(folder.iterdir())},
    }


def test_the_trap_is_one(mark: Path) -> None:
    pickle.loads(pickle.dumps(Trap(mark)))
    assert mark.exists()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet", ".jsonl", ".lw", ".zip"])
def test_a_booby_trapped_pickle_in_place_of_a_file_executes_nothing(
    tmp_path: Path, mark: Path, suffix: str
) -> None:
    for content in traps(mark, tmp_path / "traps").values():
        path = tmp_path / f"log{suffix}"
        path.write_bytes(content)
        with pytest.raises(LifelongWidgetsError):
            if suffix == ".lw":
                Recommender.load(path)
            elif suffix == ".zip":
                names = ["ml-100k/u.data", "ml-100k/u.item"]
                movielens_files.parse_canonical(*movielens_files.read_members(path, names))
            else:
                Interactions.from_pandas(tables.read_table(path))
        assert not mark.exists()


@pytest.mark.filterwarnings("ignore::lifelong_widgets.errors.JournalWarning")  # of damaged checkpoints
@pytest.mark.parametrize("name", sorted(journals.killed()))
def test_a_booby_trapped_pickle_within_a_journal_executes_nothing(
    tmp_path: Path, mark: Path, name: str
) -> None:
    for number, content in enumerate(traps(mark, tmp_path / "traps").values()):
        folder = tmp_path / f"{number}" / "shop.lw"
        for other, usual in journals.killed().items():
            path = folder / other
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if other == name else usual)
        with suppress(LifelongWidgetsError):
            Recommender.open(folder, progress=False).close()
        assert not mark.exists()
