"""What the tests of the public edge share: hits as short rows, a form with an email, and nobody rung."""

import time
from collections import Counter

import pytest
import time_machine
from django.conf import settings
from django.core.files.storage import FileSystemStorage

from tests.factories import FormFactory, FormFieldFactory
from tracking import nonces, passes
from tracking.models import Hit, Upload

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def rings(monkeypatch):
    """The doorbell rings into this list, not at the broker."""
    rung = []
    for module in ("signals", "choice", "assets", "api"):
        monkeypatch.setattr(f"tracking.views.{module}.ring", lambda: rung.append("ring"))
    for module in ("posting", "taking", "visits"):
        monkeypatch.setattr(f"tracking.{module}.ring", lambda: rung.append("ring"))
    yield rung
    passes._visited.cache_clear()


@pytest.fixture(autouse=True)
def upload_root(monkeypatch, tmp_path):
    """Where the files go that visitors send with forms."""
    root = tmp_path / "uploads"
    storage = FileSystemStorage(**settings.STORAGES["uploads"]["OPTIONS"] | {"location": root})
    monkeypatch.setattr(Upload._meta.get_field("file"), "storage", storage)
    return root


@pytest.fixture
def recorded(db):
    """The hits in the inbox, oldest first, as dictionaries of the named columns."""

    def recorded(*columns):
        return [dict(zip(columns, row, strict=True)) for row in Hit.objects.order_by("id").values_list(*columns)]

    return recorded


@pytest.fixture
def free(settings):
    """An instance that may follow browsers until they refuse."""
    settings.CONSENT_REQUIRED = []


@pytest.fixture
def form(db):
    form = FormFactory(name="Demo request")
    FormFieldFactory(form=form, key="email", label="Email", type="email", required=True, contact_field="email")
    return form


@pytest.fixture
def nonce():
    """A nonce as of a form that was drawn a minute ago."""

    def nonce(form, seconds=60):
        with time_machine.travel(time.time() - seconds, tick=False):
            return nonces.nonce(form)

    return nonce


# --- how well people and machines are told apart, printed after the tests -------------------------------------------------


class VerdictTable:
    """What was taken for what, by kind of request."""

    def __init__(self):
        self.counts = Counter()

    def count(self, what, *, is_machine, taken_for_one):
        for row in (what, "in all"):
            self.counts[row, is_machine, taken_for_one] += 1

    def lines(self):
        yield f"{'':10} {'machines':>9} {'found':>6} {'recall':>7} {'people':>7} {'lost':>5} {'precision':>10}"
        for row in dict.fromkeys(row for row, _, _ in self.counts):
            found, missed = self.counts[row, True, True], self.counts[row, True, False]
            lost, kept = self.counts[row, False, True], self.counts[row, False, False]
            recall = f"{found / (found + missed):.3f}" if found + missed else "–"
            precision = f"{found / (found + lost):.3f}" if found + lost else "–"
            yield f"{row:10} {found + missed:9} {found:6} {recall:>7} {lost + kept:7} {lost:5} {precision:>10}"


VERDICTS = "people and machines: tests/tracking/sequences.py"


@pytest.fixture
def verdict_table(record_property):
    table = VerdictTable()
    yield table
    record_property(VERDICTS, list(table.lines()))  # so that it comes along from another process


def pytest_terminal_summary(terminalreporter):
    properties = [found for report in terminalreporter.getreports("") for found in report.user_properties]
    for _name, lines in filter(lambda found: found[0] == VERDICTS, properties):
        terminalreporter.section(VERDICTS)
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture
def post(client, form, nonce):
    def post(_path=None, _headers=None, **values):
        values = {"bareme_nonce": nonce(form), "email": "ada@example.com", **values}
        values = {name: value for name, value in values.items() if value is not None}
        return client.post(_path or f"/f/{form.public_id}", values, headers=_headers)

    return post
