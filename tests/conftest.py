"""What the tests of every app share. The servers come from `python -m config.embedded --throwaway` (`make test`)."""

import gc
import os
import shutil
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.test import override_settings
from django.utils import translation
from playwright.sync_api import sync_playwright

from contacts import consent_policies
from scoring import ledger, rules
from scoring.models import PointAction, PointGroup, Repeat
from tests.factories import ContactFactory, UserFactory
from tests.schema import Kept
from tests.scoring.conftest import SINCE
from tracking import inbox

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # As a person's browser calls itself: what says it is headless is a machine, and what machines do earns nothing.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs):
    """With `-n`, each process has a Redis database of its own, as it has one of PostgreSQL: doorbells and counters."""
    for number, spec in enumerate(specs):
        spec.env["REDIS_URL"] = _numbered(os.environ["REDIS_URL"], number)


def _numbered(redis_url, number):
    parts = urlsplit(redis_url)
    return f"unix://{parts.path}?db={number}" if parts.scheme == "unix" else parts._replace(path=f"/{number}").geturl()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable():
    """What a process reports reaches the others as UTF-8: hostile texts in the logs of a test are none."""
    return _as_utf8((yield))


def _as_utf8(value):
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {name: _as_utf8(one) for name, one in value.items()}
    return [_as_utf8(one) for one in value] if isinstance(value, list | tuple) else value


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the browser tests before `-m` chooses, and run them last: playwright's event loop stays in the thread."""
    for item in items:
        if "chromium" in item.fixturenames:
            item.add_marker(pytest.mark.browser)
    result = yield
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    return result


def pytest_collection_finish():
    """What is imported and collected stays to the end: looking through it for garbage took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def chromium():
    """The browser that is installed. Without one the test is skipped; in CI, where there must be one, it fails."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        absent = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        absent("there is no Chromium on PATH (Debian: apt-get install chromium)")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # The tests stay synchronous; Django only sees that a loop runs in their thread.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def marketer(client, db):
    """A browser in which somebody is logged in who may do everything: `marketer.user`."""
    client.user = UserFactory(username="manon", is_superuser=True)
    client.force_login(client.user)
    return client


@pytest.fixture
def ada(db):
    return ContactFactory(email="ada@example.com")


@pytest.fixture
def bob(db):
    return ContactFactory(email="bob@example.com")


@pytest.fixture
def engagement(db):
    return PointGroup.objects.create(name="Engagement")


@pytest.fixture
def publish(engagement):
    """publish(points=5, source="asset_downloaded", …): a point action in force since 2020."""

    def publish(points=5, source="asset_downloaded", repeat=Repeat.ONCE, group=None, since=SINCE, **fields):
        action = PointAction.objects.create(
            name=f"{source} {points:+d}",
            source=source,
            points=points,
            repeat=repeat,
            group=group or engagement,
            **fields,
        )
        rules.publish(action, since=since)
        return action

    return publish


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """A hash that is made at once: a real one takes a quarter of a second, for each `admin_client`."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def consent_as_the_environment_says():
    """What a test decided does not outlive it, and no test counts the query that looks for it."""
    consent_policies.suppose({}, seconds=3600)


@pytest.fixture(autouse=True)
def language_of_the_instance():
    """The one that a request was answered in before stays active: which one, the order of the tests would decide."""
    translation.deactivate()


@pytest.fixture(scope="session")
def kept_schema(pytestconfig):
    """Only on servers of `config.embedded`: those of somebody else may be of another version, and are left as they are."""
    server, cache = os.environ["DATABASE_URL"], getattr(pytestconfig, "cache", None)
    return Kept(cache.mkdir("schema"), server) if "?host=/" in server and cache else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, kept_schema):
    """Each request of a live server gives its connection back: the test database can be dropped at the end."""
    database = connections["default"].settings_dict
    connections.settings["default"]["CONN_MAX_AGE"] = database["CONN_MAX_AGE"] = 0
    if kept_schema is None:
        yield
        return
    with kept_schema.database(f"schema_of_{database['TEST']['NAME'] or 'test'}") as name:
        database["TEST"]["TEMPLATE"] = name
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, kept_schema):
    """The schema is made once a day, and whenever a migration changed; the months of most tests once for all of them."""
    if kept_schema:
        kept_schema.keep(connections["default"].settings_dict["NAME"])
    today = date.today().replace(day=15)
    now = [(today + timedelta(days=days)).replace(day=1) for days in (-30, 0, 30)]
    with django_db_blocker.unblock():
        for table in ("tracking_event", ledger.TABLE):
            inbox.ensure_months(table, [*now, *(date(2026, month, 1) for month in (2, 3, 4))])
