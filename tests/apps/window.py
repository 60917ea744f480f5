"""A browser window on the app, and what a planner does in it."""

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.apps.served import App

WIDTH, HEIGHT = 1280, 900
PATIENCE_S = 30.0
expect.set_options(timeout=1000 * PATIENCE_S)
TITLES = {"Scenario": "", "Plan": "Plan · ", "What-if": "What if · ", "Trade-offs": "Trade-offs · ", "Runs": "Runs"}


class Window:
    """One window, in a browser context of its own as another person's browser would be.

    ``dialogs`` and ``abroad`` hold what must stay empty: dialogs that a script opened, and requests to other hosts.
    """

    def __init__(self, browser: Browser, app: App, **context: Any) -> None:
        self.app = app
        self.context: BrowserContext = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, **context)
        self.context.set_default_timeout(1000 * PATIENCE_S)
        self.page: Page = self.context.new_page()
        self.dialogs: list[str] = []
        self.abroad: list[str] = []
        self.page.on("dialog", self._dialog)
        self.context.on("request", lambda request: self._asked(request.url))

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        if not re.match(r"(http|ws)://(localhost|127\.0\.0\.1)[:/]|data:|blob:|about:", url):
            self.abroad.append(url)

    def open(self, address: str = "") -> "Window":
        """Go to an address of the app and wait until a page is there."""
        self.page.goto(address if address.startswith("http") else f"{self.app.url}/{address}")
        self.page.get_by_role("heading", level=1).first.wait_for()
        self.settled()
        return self

    def to(self, page: str) -> "Window":
        """Go to a page by the navigation."""
        self.page.get_by_role("navigation", name="App pages").get_by_role("link", name=page, exact=True).click()
        if TITLES[page]:
            expect(self.page.get_by_role("heading", level=1)).to_contain_text(TITLES[page])
        else:
            expect(self.page.get_by_role("tab", name="Tables")).to_be_visible()
        self.settled()
        return self

    def settled(self) -> None:
        """Wait until the page is complete: no script runs, nothing of an earlier run is left."""
        self.page.wait_for_function(
            """() => document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]')
                     && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')"""
        )

    def write(self, label: str, text: str) -> None:
        """Put text into a box and press Enter."""
        box = self.page.get_by_role("textbox", name=label)
        box.fill(text)
        box.press("Enter")

    def press(self, name: str | re.Pattern[str], within: str | None = None) -> None:
        """Press a button, one behind another button when ``within`` names it."""
        if within is not None:
            self.page.get_by_role("button", name=within, exact=True).click()
        button = self.page.get_by_role("button", name=name, exact=True)
        (self.popover().get_by_role("button", name=name, exact=True) if within is not None else button).click()

    def popover(self) -> Locator:
        """Return what a button has opened."""
        return self.page.get_by_test_id("stPopoverBody")

    def sees(self, text: str | re.Pattern[str], within_s: float = PATIENCE_S) -> Locator:
        """Wait for words."""
        found = self.page.get_by_text(text).first
        expect(found).to_be_visible(timeout=1000 * within_s)
        return found

    def place(self) -> dict[str, str]:
        """Return the ids of the address bar."""
        found: dict[str, str] = self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
        return found

    def close(self) -> None:
        """Close it."""
        self.context.close()
