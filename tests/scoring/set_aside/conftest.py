"""Ada, Bob and Cleo, and a database that refuses what is done for one of them."""

from datetime import UTC, datetime, timedelta

import pytest

from config import pipeline
from contacts import sql as contact_sql
from scoring import publications, sql, sweeps
from scoring.models import Publication, Repeat, SetAside, Sweep
from scoring.publishing.actions import state_of
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope
Work = SetAside.Work
REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.contact_id = {contact} AND {when} THEN
    RAISE EXCEPTION 'numeric field overflow for contact {contact}' USING ERRCODE = '{code}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def cleo():
    return ContactFactory(email="cleo@example.com")


@pytest.fixture
def refuse(db):
    """refuse(contact, table): the database takes no more rows of this contact in that table, until refuse.no_more()."""
    refused = []

    def refuse(contact, table="scoring_contactscore", when="true", code="22003", at_once=False):
        if not at_once:
            pipeline.drain()  # that the contact was created
        contact_sql.execute("SET CONSTRAINTS ALL IMMEDIATE")
        contact_sql.execute(REFUSE.format(contact=contact.pk, table=table, when=when, code=code))
        refused.append(table)

    def no_more():
        contact_sql.execute(f"DROP TRIGGER refuse ON {refused.pop()}; DROP FUNCTION refuse()")

    refuse.no_more = no_more
    return refuse


def aside():
    return [(row.work, row.contact_id, row.ref_id) for row in SetAside.objects.order_by("id")]


def try_again():
    count = sweeps.try_again(SetAside.objects.all())
    pipeline.drain()
    return count


def nothing_is_wrong():
    return sql.differences() == [] and not SetAside.objects.exists() and not Sweep.objects.filter(finished_at=None)


@pytest.fixture
def action(publish, ada, bob, cleo):
    """5 points for each guide, downloaded three times by everybody."""
    made = publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    about = subject("guide")
    for contact in (ada, bob, cleo):
        for days in range(3):
            download(contact, about, AT + timedelta(days=days))
    pipeline.drain()
    return made


def publish_for_the_past(action, **changes):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | changes)
    publications.publish(draft, Scope.PAST)
    action.refresh_from_db()
    draft.refresh_from_db()
    return draft


@pytest.fixture
def left_out(action, bob, refuse):
    """Every download counts now, for the past too; only Bob's new score cannot be stored."""
    refuse(bob, when="NEW.score = 15")
    publication = publish_for_the_past(action, repeat=Repeat.ALWAYS)
    pipeline.drain()
    return publication
