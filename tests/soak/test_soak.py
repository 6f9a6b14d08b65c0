"""The short form of `make soak`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lifelong_widgets.recommender import Recommender
from tests.soak.memory import SIZES, growth, soak
from tests.soak.shop import catalog


def test_killed_at_random_instants_nothing_is_lost_and_every_restore_is_equal() -> None:
    """In a process of its own, which forks: pytest's has threads."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.soak.kill", "--kills", "8", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 kills" in done.stdout and " 0 lost" in done.stdout and "0 unequal restores" in done.stdout


def test_a_life_of_events_leaves_nothing_behind(tmp_path: Path) -> None:
    """Sessions and widgets are gone when closed, and the process stays as large as it was."""
    told: list[object] = []
    with Recommender.open(tmp_path / "soak.lw", catalog(300), checkpoint_every=2_000, **SIZES) as rec:
        samples, leaked = soak(20_000, rec, told.append)
    assert rec.n_events >= 20_000 and len(samples) == len(told) == 10
    assert not leaked
    assert growth(samples) < 0.1  # a short life has not warmed up as a long one has
