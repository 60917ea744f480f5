"""A data folder of its own for each test, with one scenario; pages without a browser, and Chromium."""

import shutil
from pathlib import Path

import pytest
import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager as ComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import procure
from procure.runs import dispatch
from procure.runs.store import Store
from tests.apps.served import App, chromium
from tests.apps.window import Window

ENTRY = Path(__file__).parents[2] / "apps" / "planner.py"
PAGES = ("scenario", "plan", "what_if", "trade_offs", "runs")


@pytest.fixture(scope="session")
def startup():
    """Return the bundled scenario, as plain data."""
    return procure.load("startup").data()


@pytest.fixture(scope="session")
def plan():
    """Return a plan of the bundled scenario."""
    return procure.solve(procure.load("startup"), gap=0.05)


@pytest.fixture(scope="session")
def cheaper():
    """Return a plan of the bundled scenario with a larger share of spot."""
    return procure.solve(procure.load("startup").with_({"limits.spot_share.max_share": 0.8}), gap=0.05)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Point everything at a data folder of its own."""
    monkeypatch.setenv("PROCURE_DATA", str(tmp_path))
    for name in ("DATABASE_URL", "MAX_RUNNING", "MAX_RUNNING_PER_USER", "MAX_QUEUED_PER_USER"):
        monkeypatch.delenv(f"PROCURE_{name}", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """Migrate a store; a copy is quicker than the migrations."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    Store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(folder, migrated, monkeypatch):
    """Open the store; jobs stay as the test puts them, none is started."""
    monkeypatch.setattr(dispatch, "_may_start", lambda session: [])
    shutil.copy(migrated, folder / "store.db")
    st.cache_resource.clear()
    opened = Store()
    yield opened
    st.cache_resource.clear()
    opened.close()


@pytest.fixture
def desk(store):
    return store.desk()


@pytest.fixture
def saved(desk, startup):
    """Save the one scenario there is."""
    return desk.scenarios.create(startup)


@pytest.fixture
def visit(monkeypatch):
    """Return what opens a page by its file, with ids in the address bar."""
    # before each run all that is installed would be searched for components of pages
    monkeypatch.setattr(ComponentManager, "discover_and_register_components", lambda self, **how: None)

    def visited(page: str = "scenario", **ids: str) -> AppTest:
        app = AppTest.from_file(str(ENTRY), default_timeout=60)
        app.query_params.update(ids)
        if page != "scenario":
            app._page_hash = calc_hash(page.replace("_", "-"))  # a link leads there at once, without a page before
        return app.run()

    return visited


@pytest.fixture(scope="session")
def chrome():
    """Start Chromium, once for each process of the tests."""
    from playwright.sync_api import sync_playwright

    found = chromium()
    if found is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def app(folder, migrated, startup):
    """Start the app on a store with one scenario."""
    shutil.copy(migrated, folder / "store.db")
    served = App(folder)
    served.desk().scenarios.create(startup)
    yield served
    served.close()


@pytest.fixture
def window(chrome, app, request, tmp_path):
    """Return what opens windows; each is pictured into the folder of the test when it fails."""
    opened = []

    def new(served=app, **context) -> Window:
        opened.append(Window(chrome, served, **context))
        return opened[-1]

    yield new
    for number, one in enumerate(opened):
        if getattr(request.node, "failed", False):
            one.page.screenshot(path=tmp_path / f"window-{number}.png", full_page=True)
        one.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed = outcome.get_result().failed


FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--no-first-run",
]  # fmt: skip
