"""What the tests of the past ask, and how they note what happens."""

from contextlib import contextmanager

from django.db import connection

from tracking import hits
from tracking.models import Kind


def rule(filter, op, value=None, **fields):
    return {"filter": filter, "op": op, **fields} | ({} if value is None else {"value": value})


def country(value):
    return rule("field", "is", value, field="country")


def opened(contact, email, at):
    hits.record(hits.NewHit(kind=Kind.EMAIL_OPENED, contact_id=contact.pk, subject_id=email.pk, at=at))


@contextmanager
def noted_at(at):
    """Changes within are noted at this time, by the clock the database has for history."""
    set_config = "SELECT set_config('bareme.at', %s, false)"
    with connection.cursor() as cursor:
        cursor.execute(set_config, [at.isoformat()])
        yield
        cursor.execute(set_config, [""])
