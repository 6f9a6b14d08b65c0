"""What Binder will make of this repository, as far as it shows without its container engine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lines(name: str) -> list[str]:
    text = (BINDER / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def pins() -> dict[str, Requirement]:
    found = [Requirement(line) for line in lines("requirements.txt") if not line.startswith("--")]
    return {requirement.name: requirement for requirement in found}


def test_every_dependency_is_pinned_within_what_the_package_asks_for() -> None:
    wanted = [Requirement(r) for r in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]]
    assert sorted(pins()) == sorted(requirement.name for requirement in wanted)
    for requirement in wanted:
        (pin,) = pins()[requirement.name].specifier
        assert pin.operator == "=="
        assert pin.version in requirement.specifier, f"{requirement} does not admit {pin.version}"


def test_torch_comes_without_cuda_and_in_the_version_that_is_tested() -> None:
    (pin,) = pins()["torch"].specifier
    assert pin.version.endswith("+cpu")
    tested = re.search(r"^torch==(\S+)", (ROOT / ".constraints.txt").read_text(encoding="utf-8"), re.M)
    assert tested and pin.version == f"{tested[1]}+cpu"
    options = [line for line in lines("requirements.txt") if line.startswith("--")]
    assert [option.split()[0] for option in options] == ["--extra-index-url"]
    assert options[0].endswith("/whl/cpu")


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_the_scripts_can_be_executed(name: str) -> None:
    assert os.access(BINDER / name, os.X_OK)
    assert (BINDER / name).read_text(encoding="utf-8").startswith("#!/bin/bash\n")


def test_a_session_starts_with_one_thread_and_few_arenas(tmp_path: Path) -> None:
    command = [BINDER / "start", "bash", "-c", 'echo "$OMP_NUM_THREADS $MALLOC_ARENA_MAX $1"', "-", "a b"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert output == "1 2 a b\n"


def test_the_dockerfile_that_repo2docker_writes() -> None:
    command = [Path(sys.executable).with_name("repo2docker"), "--no-build", "--debug", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "environment for python=3.11" in done.stdout + done.stderr
    steps = [
        r"^COPY .*src/binder/requirements\.txt ",  # alone, before the rest: the layer with torch is cached
        r"^RUN \S+/pip install --no-cache-dir -r \"binder/requirements\.txt\"$",
        r"^COPY .*src/ ",
        r"^RUN \./binder/postBuild$",
        r'^ENV R2D_ENTRYPOINT="\$\{REPO_DIR\}/binder/start"$',
        r"^ENTRYPOINT ",
    ]
    places = [re.search(step, done.stdout, re.M) for step in steps]
    assert all(places), f"missing: {[s for s, p in zip(steps, places, strict=True) if not p]}"
    assert places == sorted(places, key=lambda place: place.start() if place else 0)
