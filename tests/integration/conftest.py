"""A real Chromium that a test can drive: its DevTools protocol over two pipes, with nothing installed."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 60.0


def find_browser() -> str:
    """A Chromium; skips where there is none, but never in CI."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium to look at pages; install the package chromium")
        pytest.skip("needs Chromium")
    return found


class Browser:
    """One page of one browser without a window."""

    def __init__(self, folder: Path) -> None:
        into, self._write = os.pipe()
        self._read, out = os.pipe()
        options = "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run --mute-audio"
        command = f'exec "$0" {options} --autoplay-policy=no-user-gesture-required --remote-debugging-pipe "$@"'
        script = f"exec 3<&{into} 4>&{out}; {command}"
        arguments = ["bash", "-c", script, find_browser(), f"--user-data-dir={folder / 'profile'}", "about:blank"]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(arguments, pass_fds=(into, out), stdout=quiet, stderr=quiet)
        os.close(into)
        os.close(out)
        self._buffer, self._number, self._session = b"", 0, ""
        self.complaints: list[str] = []
        self.dialogs = 0
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Log", "Page"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to one command; what the page complains of meanwhile is kept."""
        number = self._send(method, parameters)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            heard = self._next(deadline)
            self._note(heard)
            if heard.get("id") == number:
                assert "error" not in heard, f"{method}: {heard['error']}"
                result: dict[str, Any] = heard["result"]
                return result

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        """Write one command and give its number."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return self._number

    def _next(self, deadline: float) -> dict[str, Any]:
        """The next message."""
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            self._buffer += os.read(self._read, 1 << 20)
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def _note(self, heard: dict[str, Any]) -> None:
        """Keep errors of the page, and leave it when it asks whether to."""
        if heard.get("method") == "Page.javascriptDialogOpening":
            self.dialogs += 1
            self._send("Page.handleJavaScriptDialog", {"accept": True})
        if heard.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(heard["params"])[:600])
        if heard.get("method") == "Log.entryAdded" and heard["params"]["entry"]["level"] == "error":
            self.complaints.append(heard["params"]["entry"]["text"])

    def run(self, expression: str) -> Any:
        """The value of an expression in the page, awaited."""
        options = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        answer = self.ask("Runtime.evaluate", expression=expression, **options)
        assert "exceptionDetails" not in answer, json.dumps(answer["exceptionDetails"])[:600]
        return answer["result"].get("value")

    def wait(self, expression: str) -> None:
        """Until an expression is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.run(f"Boolean({expression})"):
            assert time.monotonic() < deadline, f"still not true: {expression}; {self.complaints}"
            time.sleep(0.05)

    def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Go to an address."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=scheme)
        self.ask("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def drag(self, start: tuple[float, float], stop: tuple[float, float]) -> None:
        """Hold the mouse from one point to another; equal points are a click."""
        (x0, y0), (x1, y1) = start, stop
        self._mouse("mousePressed", x0, y0)
        for step in range(1, 6) if start != stop else ():
            self._mouse("mouseMoved", x0 + (x1 - x0) * step / 5, y0 + (y1 - y0) * step / 5)
        self._mouse("mouseReleased", x1, y1)

    def _mouse(self, kind: str, x: float, y: float) -> None:
        """One event of the mouse."""
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def press(self, key: str, *, text: str = "", modifiers: int = 0) -> None:
        """One key; Alt is 1, Ctrl 2, Shift 8."""
        for kind in ("keyDown", "keyUp"):
            self.ask(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                text=text if kind == "keyDown" else "",
                modifiers=modifiers,
            )

    def picture(self, path: Path) -> None:
        """What the page looks like, as PNG."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._write)
        os.close(self._read)


@pytest.fixture
def new_browser(tmp_path: Path) -> Iterator[Callable[[], Browser]]:
    """Makes browsers, each with a page of its own, and ends them."""
    with ExitStack() as stack:
        count = itertools.count()
        yield lambda: stack.enter_context(Browser(tmp_path / f"browser-{next(count)}"))
