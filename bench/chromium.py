"""A real, headless Chromium, driven by its DevTools protocol: what the page shows, asks for and is answered."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import connect
from websockets.sync.connection import Connection

START_S = 60.0
STILL_S = 0.3  # what has not moved for so long has been folded out
KEYS = {"Tab": 9, "Escape": 27, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}  # Windows' numbers
NAMES = ("chromium", "chromium-browser", "google-chrome")


class Page:
    """The one page of a browser."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._calls = 0
        self.requested: dict[str, str] = {}  # address by request id
        self.blocked: set[str] = set()  # ids of requests that the page's own policy stopped before they left
        self.answered: list[tuple[str, str]] = []  # request id, address
        for domain in ("Page", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  Chromium's own
        """Send a command and return its result; what happens meanwhile is noted."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == self._calls:
                assert "error" not in message, message
                return dict(message["result"])
            self._note(message)

    def wait(self, seconds: float) -> None:
        """Let the page work, and note what happens."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self._note(json.loads(self._socket.recv(timeout=left)))
            except TimeoutError:
                return

    def wait_for(self, script: str, seconds: float) -> Any:  # noqa: ANN401  any JSON
        """Return a script's value once it is a true one."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"not within {seconds:g} s: {script}\n{self.text()[:2000]}"
            self.wait(0.5)
        return value

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def run(self, script: str) -> Any:  # noqa: ANN401  any JSON
        """Return the value of a JavaScript expression."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def awaited(self, script: str) -> Any:  # noqa: ANN401  any JSON
        """Return what the promise of a JavaScript expression becomes."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release a key that types no letter, such as ArrowLeft."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def resize(self, width: int, height: int) -> None:
        """Give the page another size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, color_scheme: str) -> None:
        """Have the user prefer light or dark."""
        features = [{"name": "prefers-color-scheme", "value": color_scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of an element that is in view, once it moves no longer."""
        rectangle = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        middle = f"(r => [r.x + r.width / 2, r.y + r.height / 2])({rectangle})"
        before, (x, y) = None, self.run(middle)
        while before != [x, y]:
            self.wait(STILL_S)
            before, (x, y) = [x, y], self.run(middle)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def text(self) -> str:
        """Return what a person reads on the page."""
        return str(self.run("document.body.innerText"))

    def body(self, request: str) -> Any:  # noqa: ANN401  any JSON
        """Return the JSON that answered a request."""
        answer = self.call("Network.getResponseBody", requestId=request)
        return json.loads(base64.b64decode(answer["body"]) if answer["base64Encoded"] else answer["body"])

    def screenshot(self, file: Path) -> None:
        """Keep what the page looks like."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def left_for(self) -> set[str]:
        """Return the addresses of all requests that were not stopped by the page's own policy."""
        return {address for request, address in self.requested.items() if request not in self.blocked}

    def _note(self, message: dict[str, Any]) -> None:
        event, parameters = message.get("method"), message.get("params", {})
        if event == "Network.requestWillBeSent":
            self.requested[parameters["requestId"]] = parameters["request"]["url"]
        elif event == "Network.loadingFailed" and parameters.get("blockedReason") == "csp":
            self.blocked.add(parameters["requestId"])
        elif event == "Network.loadingFinished":
            self.answered.append((parameters["requestId"], self.requested.get(parameters["requestId"], "")))


def find() -> str | None:
    """Return the path of this machine's Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def running(program: str, folder: Path, width: int = 1500, height: int = 2200) -> Iterator[Page]:
    """Start a Chromium with a profile below the folder, and end it after the block.

    Raises:
        TimeoutError: it did not start.
    """
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--hide-scrollbars",
    ]
    options += [f"--user-data-dir={folder / 'profile'}", f"--window-size={width},{height}", "--remote-debugging-port=0"]
    browser = subprocess.Popen([program, *options, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # Nobody reads while a test works elsewhere: the events wait, and no ping ends the connection.
        patient = {"max_size": None, "max_queue": None, "ping_interval": None}
        with connect(_address(folder / "profile"), open_timeout=START_S, **patient) as socket:
            yield Page(socket)
    finally:
        browser.terminate()
        browser.wait(30)


def _address(profile: Path) -> str:
    """Return the address of the page's socket; Chromium writes its port into the profile."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        try:
            port = int((profile / "DevToolsActivePort").read_text().splitlines()[0])
            targets = httpx.get(f"http://127.0.0.1:{port}/json", timeout=5).json()
            return str(next(target for target in targets if target["type"] == "page")["webSocketDebuggerUrl"])
        except (OSError, ValueError, IndexError, StopIteration, httpx.HTTPError):
            time.sleep(0.2)
    raise TimeoutError(f"Chromium did not start within {START_S:g} s")
