"""What the tests of the public edge share: hits as short rows, a form with an email, and nobody rung."""

import time

import pytest
import time_machine

from tests.factories import FormFactory, FormFieldFactory
from tracking import nonces, passes
from tracking.models import Hit


@pytest.fixture(autouse=True)
def rings(monkeypatch):
    """The doorbell rings into this list, not at the broker."""
    rung = []
    for module in ("signals", "pages", "assets", "api"):
        monkeypatch.setattr(f"tracking.views.{module}.ring", lambda: rung.append("ring"))
    monkeypatch.setattr("tracking.posting.ring", lambda: rung.append("ring"))
    yield rung
    passes._visited.cache_clear()


@pytest.fixture(autouse=True)
def upload_root(settings, tmp_path):
    """Where the files go that visitors send with forms."""
    root = tmp_path / "uploads"
    options = {**settings.STORAGES["uploads"]["OPTIONS"], "location": root}
    settings.STORAGES = {**settings.STORAGES, "uploads": {**settings.STORAGES["uploads"], "OPTIONS": options}}
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
