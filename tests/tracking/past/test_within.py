"""A block in the past: it is left without a trace, and everybody else goes on with the present."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.utils import InternalError
from django.utils import timezone

from config import pipeline
from contacts import segments
from contacts.models import Change, Contact, ContactTag
from tests.factories import ContactFactory, SegmentFactory, TagFactory
from tests.tracking.past.rewinding import country, rule
from tracking import past
from tracking.models import Event, Kind

pytestmark = pytest.mark.django_db


def temporary_tables():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'v')"
        )
        return [name for (name,) in cursor.fetchall()]


def search_path():
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return cursor.fetchone()[0]


def test_nothing_is_left_behind_and_the_caller_goes_on(ada):
    before = search_path()
    with transaction.atomic():
        ada.tags.add(TagFactory())
        with past.as_of(timezone.now()):
            assert len(temporary_tables()) == 6
        assert (temporary_tables(), search_path()) == ([], before)
        ContactFactory()  # writing is possible again
    assert (Contact.objects.count(), ContactTag.objects.count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_around_it():
    ada = ContactFactory()

    assert past.matching({}, timezone.now()) == {ada.pk}
    assert temporary_tables() == []
    ContactFactory()
    assert Contact.objects.count() == 2


def test_an_error_within_leaves_nothing_behind(ada):
    with pytest.raises(ProgrammingError), past.as_of(timezone.now()), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")

    assert temporary_tables() == []
    assert past.matching({}, timezone.now()) == {ada.pk}


def test_the_past_cannot_be_written_to(ada):
    tag = TagFactory()
    for write in (
        ada.save,
        ada.delete,
        lambda: Contact.objects.update(country="DE"),
        lambda: ada.tags.add(tag),
        lambda: Event.objects.create(kind=Kind.CUSTOM, at=timezone.now()),
        lambda: tag.save(),
        lambda: TagFactory(),
    ):
        with pytest.raises(past.ReadOnlyPast), past.as_of(timezone.now()):
            write()
    # Behind the ORM's back, the database says so.
    for statement in (
        "TRUNCATE contacts_tag",
        "SELECT * FROM contacts_tag FOR UPDATE",
        "SELECT nextval('contacts_tag_id_seq')",
    ):
        with pytest.raises(InternalError, match="read-only"), past.as_of(timezone.now()), connection.cursor() as cursor:
            cursor.execute(statement)

    ada.refresh_from_db()
    assert (ada.country, ada.tags.count(), Change.objects.exclude(kind="created").count()) == ("FR", 0, 0)


def test_one_past_at_a_time(ada):
    with past.as_of(timezone.now()):
        with pytest.raises(RuntimeError, match="one instant"):
            past.matching({}, timezone.now())
        assert Contact.objects.count() == 1
    assert past.matching({}, timezone.now()) == {ada.pk}


def test_an_instant_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        past.matching({}, datetime(2026, 1, 1))


def test_real_tables_are_left_alone_where_temporary_ones_come_last(ada):
    """Some operators say so: `search_path = public, pg_temp`."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = public, pg_temp")
    one = timezone.now()
    Contact.objects.filter(pk=ada.pk).update(country="DE")

    assert past.matching(country("FR"), one) == {ada.pk}
    assert search_path() == "public, pg_temp"


def test_prepared_statements_see_the_past(ada):
    one = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("PREPARE countries AS SELECT country FROM contacts_contact")
        cursor.execute("EXECUTE countries")
        Contact.objects.filter(pk=ada.pk).update(country="DE")
        with past.as_of(one):
            cursor.execute("EXECUTE countries")
            assert cursor.fetchall() == [("FR",)]
        cursor.execute("EXECUTE countries")
        assert cursor.fetchall() == [("DE",)]
        cursor.execute("DEALLOCATE countries")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_past_stays_what_it_was_while_the_present_moves_on():
    """Changes are made and become events between the statements that rewind; none is missed, none found twice."""
    ada, vip, dinner = ContactFactory(country="FR"), TagFactory(), SegmentFactory()
    ada.tags.add(vip)
    then, over = timezone.now(), threading.Event()

    def live():
        try:
            while not over.is_set():
                Contact.objects.filter(pk=ada.pk).update(country="DE")
                ada.tags.remove(vip)
                segments.add(dinner, [ada.pk])
                pipeline.advance()
                Contact.objects.filter(pk=ada.pk).update(country="FR")
                ada.tags.add(vip)
                segments.remove(dinner, [ada.pk])
                pipeline.advance()
        finally:
            connection.close()

    was = {"all": [country("FR"), rule("tag", "is", vip.pk), rule("segment", "is_not", dinner.pk)]}
    with ThreadPoolExecutor(1) as pool:
        living = pool.submit(live)
        found = [past.matching(was, then) for _ in range(150)]
        over.set()
        living.result()

    assert found == [{ada.pk}] * 150
    assert Event.objects.filter(kind=Kind.TAG_REMOVED).count() > 10
