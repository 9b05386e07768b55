"""A real Chromium without a window, for the tests of the page."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-quic", "--disable-dev-shm-usage"),
)
AXE = (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


def program() -> str:
    """Return the path of the browser, empty where there is none."""
    names = ("chromium", "google-chrome", "chromium-browser")
    return next((path for name in names if (path := shutil.which(name))), "")


def missing() -> str:
    """Return the programs that are not there, empty for none."""
    there = {"chromium": program(), "chromedriver": shutil.which("chromedriver")}
    return " and ".join(name for name, path in there.items() if not path)


class Browser:
    """One window, told what to look at by tests."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def look(self, *, width: int = 1280, dark: bool = False, media: str = "screen") -> None:
        """Set what the page's media queries see."""
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._tell("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})

    def scripts(self, *, run: bool) -> None:
        """Let the page's scripts run, or not."""
        self._tell("Emulation.setScriptExecutionDisabled", {"value": not run})

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file anew."""
        self.driver.get("about:blank")
        self.driver.get(path.as_uri() + fragment)

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script returns."""
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        """Return the text that is seen of an element."""
        found = self.run("return document.querySelector(arguments[0]).innerText", selector)
        assert isinstance(found, str)
        return found

    def texts(self, selector: str) -> list[str]:
        """Return the texts that are seen of all such elements."""
        found = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)",
            selector,
        )
        assert isinstance(found, list)
        return found

    def seen(self, selector: str) -> bool:
        """Tell whether an element takes up room."""
        return bool(
            self.run(
                "const one = document.querySelector(arguments[0]);"
                "return !!one && one.getClientRects().length > 0",
                selector,
            )
        )

    def complaints(self) -> list[str]:
        """Return what the console was told since it was asked last, policy violations included."""
        return [entry["message"] for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def barriers(self) -> list[str]:
        """Return what axe-core says keeps people out."""
        self.run(AXE)
        found = self.driver.execute_async_script(
            "axe.run(document, {resultTypes: ['violations']}).then(arguments[0])"
        )
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    def busy(self) -> float:
        """Return the CPU seconds that the page's main thread has worked since it was asked first."""
        self._tell("Performance.enable", {"timeDomain": "threadTicks"})
        metrics = self._tell("Performance.getMetrics", {})["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        return base64.b64decode(self._tell("Page.printToPDF", {})["data"])

    def _tell(self, command: str, arguments: dict[str, Any]) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """Start it, with an empty profile in that folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = program()
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    try:
        driver.set_script_timeout(60)
        yield Browser(driver)
    finally:
        driver.quit()
