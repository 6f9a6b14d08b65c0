"""A Binder session without Binder: the same files make a plain environment, and somebody clicks in it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.chromium import CHROMIUM_FLAGS
from tests.widgets.lab import Notebook

pytestmark = pytest.mark.binder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Binder clones: the files under version control, and nothing that was built from them."""
    folder = tmp_path_factory.mktemp("binder") / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def environment(checkout: Path) -> dict[str, str]:
    """What `requirements.txt` and `postBuild` make, as the variables of a shell in it."""
    venv = checkout.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    variables = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")
    }
    variables["PATH"] = f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
    requirements = checkout / "binder" / "requirements.txt"
    if (
        sys.platform != "linux"
    ):  # Binder is Linux; elsewhere torch has no CUDA that "+cpu" would have to leave out
        requirements.write_text(
            requirements.read_text(encoding="utf-8").replace("+cpu", ""), encoding="utf-8"
        )
    # One try each: where the second index cannot be reached, pip would ask it five times for every package.
    # What is imported is compiled then: pip would compile everything, which is half of its time.
    install = ["python", "-m", "pip", "install", "--quiet", "--no-compile", "--retries", "0"]
    install += ["-r", requirements]
    subprocess.run(install, cwd=checkout, env=variables, check=True)
    subprocess.run(["./binder/postBuild"], cwd=checkout, env=variables, check=True)
    return variables


@pytest.fixture
def server(checkout: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of a JupyterLab that was started through `binder/start`, without a token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *("./binder/start", "jupyter", "lab", "--no-browser", "--allow-root"),
        *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True"),
    ]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, cwd=checkout, env=environment, stdin=subprocess.DEVNULL) as process:
        try:
            while process.poll() is None:
                try:
                    urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.2)
            assert process.poll() is None, "JupyterLab ended before it answered; its words are above"
            yield address
        finally:
            process.terminate()


def test_the_environment_holds_what_the_package_asks_for(environment: dict[str, str]) -> None:
    # Every name, version and marker of the package's metadata, against what is installed.
    subprocess.run(["python", "-m", "pip", "check"], env=environment, check=True)


def test_a_student_opens_the_quickstart_and_likes_a_film(server: str, chromium_path: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        notebook = Notebook(browser.new_context(), f"{server}/doc/tree/notebooks/01-quickstart.ipynb?reset")
        notebook.run_all()
        shown = notebook.page.locator(".llw-list").first
        cards = shown.locator("ol > li")
        cards.nth(2).wait_for(timeout=600_000)  # the kernel imports torch and fits the model
        before = cards.all_inner_texts()
        cards.nth(2).get_by_role("button", name=re.compile("^Like: ")).click()
        expect(shown.get_by_text(re.compile(r"learned 1 click\b"))).to_be_visible(timeout=180_000)
        assert cards.all_inner_texts() != before
        assert notebook.refused == []  # no other host was asked for anything
        browser.close()
