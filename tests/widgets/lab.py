"""A real JupyterLab for the browser tests, and what one does in it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any

import nbformat
from playwright.sync_api import BrowserContext, Page, Route, WebSocket

REPOSITORY = Path(__file__).resolve().parents[2]
_NOTE_CLICKS = """
    // What leaves through the websocket is written down where a reload does not reach it.
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        send.call(this, data);
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        for (const [, id] of text.matchAll(/"type":"feedback","id":"([^"]+)"/g)) {
            const n = Number(localStorage.clicks ?? 0);
            localStorage[`click ${n}`] = id;
            localStorage.clicks = n + 1;
        }
    };
"""
_LIST = re.compile(rb'"type": ?"list", ?"answers"')
PATIENCE = 180_000  # milliseconds: a kernel that imports and compiles torch while other tests run


class LabServer:
    """JupyterLab on 127.0.0.1 and a free port, with settings and notebooks in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True)
        quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
        (settings / "notification.jupyterlab-settings").write_text(json.dumps(quiet), encoding="utf-8")
        environment = {
            **os.environ,
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")]),
            "OMP_NUM_THREADS": "1",
        }
        self._log = (folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"--ServerApp.port={self.url.rsplit(':', 1)[1]}", "--ServerApp.port_retries=0"),
                *("--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", "--ServerApp.password="),
                *("--ServerApp.disable_check_xsrf=True", "--LabApp.expose_app_in_browser=True"),
                f"--ServerApp.root_dir={self.notebooks}",
            ],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> LabServer:
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/api/status", timeout=2).close()
                return self
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        self._stop()
        raise RuntimeError(f"JupyterLab did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_sessions()
        self._stop()

    def write(self, name: str, cells: list[str]) -> str:
        """Save a notebook of code cells; returns its address."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.notebooks / name)
        return f"{self.url}/doc/tree/{name}?reset"

    def end_sessions(self) -> None:
        """Shut the kernels down: one outlives its page."""
        for session in self._api("sessions"):
            self._api(f"sessions/{session['id']}", "DELETE")

    def _api(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


class Notebook:
    """One notebook in a page from which no other host can be reached.

    `refused` lists who was asked for.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.refused: list[str] = []
        self._received: list[bytes] = []
        host = address.split("/doc/")[0]

        def only_here(route: Route) -> None:
            if route.request.url.startswith((host, "data:", "blob:")):
                route.continue_()
            else:
                self.refused.append(route.request.url)
                route.abort()

        context.route("**/*", only_here)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("websocket", self._listen)
        self.page.add_init_script(_NOTE_CLICKS)
        self.page.goto(address)
        self.wait_for_kernel()

    def wait_for_kernel(self) -> None:
        """Wait until the kernel is there and has nothing to do."""
        self.page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        )

    def run_all(self) -> None:
        """Start running every cell. It does not wait: the promise ends only with the last cell."""
        self.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")

    def clicks(self) -> list[str]:
        """The ids of the clicks that have left the page, in order; one that was sent again is named once."""
        ids: list[str] = self.page.evaluate(
            "Array.from({ length: Number(localStorage.clicks ?? 0) }, (_, n) => localStorage[`click ${n}`])"
        )
        return list(dict.fromkeys(ids))

    def lists(self) -> int:
        """How many lists have reached the page."""
        return sum(len(_LIST.findall(frame)) for frame in self._received)

    def _listen(self, socket: WebSocket) -> None:
        def note(frame: str | bytes) -> None:
            self._received.append(frame if isinstance(frame, bytes) else frame.encode())

        socket.on("framereceived", note)

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name
        )

    def command(self, name: str) -> None:
        """Start a command of JupyterLab's."""
        self.page.evaluate("name => void window.jupyterapp.commands.execute(name)", name)

    def save(self) -> None:
        """Save the notebook, with the state of its widgets."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
