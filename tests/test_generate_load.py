"""The command: what it refuses, and what it says."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config.load import scores
from contacts.models import Contact
from contacts.sql import execute
from scoring import sql
from scoring.models import PointEntry
from tests import factories


def test_a_database_in_use_is_refused_and_left_alone(db):
    factories.TagFactory(name="mine")

    with pytest.raises(CommandError, match=r"This database is in use \(1 tags\)"):
        call_command("generate_load", contacts=10, events=10, stdout=StringIO())
    assert Contact.objects.count() == 0


@pytest.mark.parametrize(
    ("option", "sentence"), [({"events": 0}, "numbers above 0"), ({"until": "2026-01-31T12:00"}, "with its time zone")]
)
def test_options_that_make_no_sense_are_refused(db, option, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("generate_load", **option)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_it_does_and_two_processes_compute_what_one_does():
    out = StringIO()
    call_command("generate_load", contacts=60, events=300, until="2026-06-15T12:00Z", workers=2, stdout=out)
    assert out.getvalue().startswith("60 contacts: ")
    lines = PointEntry.objects.order_by("contact_id", "version_id", "object_id", "period")
    fields = ("contact_id", "version_id", "object_id", "period", "hits", "credited", "first_at", "last_at")
    before = list(lines.values_list(*fields))

    execute("TRUNCATE scoring_pointentry, scoring_contactscore")
    scores.compute(60, 1, chunk=25)

    assert list(lines.values_list(*fields)) == before != []
    assert sql.differences() == []
