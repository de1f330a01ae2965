"""What the hostile tests share: a world in which every page of the admin has something to show, and a look at its rows."""

import pytest
from django.core.files.storage import InMemoryStorage
from django.db import connection, transaction
from django.test import Client, override_settings

from config.demo_world import load
from tests.security import everything
from tracking.models import PageImage

CONTACTS = 20
WRITTEN = """
    SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0
"""


@pytest.fixture(scope="package")
def populated(django_db_setup, django_db_blocker, tmp_path_factory):
    """A small demo world, and a row of whatever it lacks. Everything is rolled back when these tests are done."""
    with (
        django_db_blocker.unblock(),
        override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")),
        transaction.atomic(),
    ):
        load.load("en", CONTACTS, lambda sentence: None)
        everything.complete()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def walker(populated, db, monkeypatch):
    """A client who may do everything."""
    monkeypatch.setattr(PageImage._meta.get_field("file"), "storage", InMemoryStorage())
    client = Client(raise_request_exception=False)
    client.force_login(everything.superuser())
    return client


@pytest.fixture
def written():
    """How many rows of each table this transaction has written so far, undone or not: PostgreSQL counts."""

    def written():
        with connection.cursor() as cursor:
            cursor.execute(WRITTEN)
            return dict(cursor.fetchall())

    return written
