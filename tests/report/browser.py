"""A real Chromium, driven by its chromedriver over plain HTTP, as W3C WebDriver has it.

https://www.w3.org/TR/webdriver2/. Nothing but the standard library is needed for it.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
TAB, SPACE = "\ue004", " "
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--lang=en"),
)
_PATIENCE = 30.0
_WAIT = """
const end = performance.now() + 20000;
return new Promise((done, fail) => {
  const look = () => {
    const value = (CONDITION);
    if (value) done(value);
    else if (performance.now() > end) fail(new Error(document.body.innerText));
    else setTimeout(look, 10);
  };
  look();
});
"""


class Browser:
    """A window of Chromium with a profile of its own; close it."""

    def __init__(self) -> None:
        if not (CHROMIUM and DRIVER):
            raise FileNotFoundError("chromium and chromedriver")
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        port = next(filter(None, (self._start(DRIVER) for _again in range(5))), None)
        if port is None:
            raise RuntimeError("chromedriver does not start")
        self._url = f"http://127.0.0.1:{port}/session"
        options = {
            "binary": CHROMIUM,
            "args": [*_ARGUMENTS, f"--user-data-dir={self._profile}"],
        }
        capabilities = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        answer = self._ask("POST", "", {"capabilities": {"alwaysMatch": capabilities}})
        self._url += f"/{answer['sessionId']}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._ask("DELETE", "")
        self._driver.terminate()
        self._driver.wait(_PATIENCE)
        if self._driver.stdout:
            self._driver.stdout.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, page: Path | str, *, width: int = 1200, scripts: bool = True) -> None:
        """Shows a file, or an address, in a window of that width, with or without scripts, and
        waits for it."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        self.devtools("Emulation.setDeviceMetricsOverride", **size)
        self.devtools("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._ask("POST", "/url", {"url": page if isinstance(page, str) else page.as_uri()})

    def unfold(self) -> None:
        """Opens all that is folded."""
        self.run("for (const one of document.querySelectorAll('details')) one.open = true")

    def run(self, script: str, *arguments: object) -> Any:
        """What a script's ``return`` gives."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, condition: str) -> Any:
        """What an expression gives, once it gives something; the page is asked, not the clock."""
        return self.run(_WAIT.replace("CONDITION", condition))

    def type(self, selector: str, text: str) -> None:
        """Types into the first element that fits, as a keyboard does."""
        self._on(selector, "value", {"text": text})

    def press(self, *keys: str) -> None:
        """Presses keys wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self._ask("POST", "/actions", {"actions": [keyboard]})

    def click(self, selector: str) -> None:
        """Clicks on the first element that fits; it must be where a person could click."""
        self._on(selector, "click", {})

    def _on(self, selector: str, deed: str, values: dict[str, str]) -> None:
        """Once more where the page was drawn anew between the look at it and the deed."""
        try:
            self._ask("POST", f"/element/{self._find(selector)}/{deed}", values)
        except AssertionError as error:
            if "stale element" not in str(error):
                raise
            self._ask("POST", f"/element/{self._find(selector)}/{deed}", values)

    def complaints(self) -> list[str]:
        """What the console has been told: faults of scripts, breaches of the page's policy."""
        entries = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def devtools(self, command: str, **values: object) -> Any:
        """A command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": values})

    def printed(self) -> bytes:
        """The page as PDF, on paper as its style sheet wants it."""
        pdf = self.devtools("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(pdf["data"])

    def _find(self, selector: str) -> str:
        query = {"using": "css selector", "value": selector}
        return str(self._ask("POST", "/element", query)[_ELEMENT])

    def _start(self, driver: str) -> int | None:
        """Starts the driver; the port that it has chosen, as it tells in one of its first lines.

        None where it ends at once: the port may be free for IPv6 and taken for IPv4.
        """
        self._driver = subprocess.Popen(
            [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._driver.stdout
        ends = time.monotonic() + _PATIENCE
        for line in self._driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found[1])
            if time.monotonic() > ends:
                break
        self._driver.kill()
        self._driver.wait(_PATIENCE)
        self._driver.stdout.close()
        return None

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            told = json.load(error)["value"]
            raise AssertionError(f"{told['error']}: {told['message']}") from None


def is_required() -> bool:
    """Whether the environment promises that a browser is there."""
    return os.environ.get("PASSERELLE_REQUIRE_REALSERVERS") == "1"
