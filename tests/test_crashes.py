"""Whatever dies, and wherever: nothing acknowledged is lost, nothing counts twice, each crossing acts once."""

import random
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from campaigns.models import Delivery, Firing, Trigger, TriggerAction
from config import pipeline
from contacts.models import Contact, Tag
from scoring import sql
from scoring.models import ContactScore, PointEntry, Repeat
from tests.crashing import crashing_workers
from tests.scoring import oracle
from tests.scoring.conftest import happen, subject
from tracking.models import Event, Hit, Kind, Subject

START = datetime(2026, 5, 4, 8, tzinfo=UTC)
THRESHOLD = 15


@pytest.fixture
def rules(publish):
    once = publish(7, repeat=Repeat.ONCE)
    daily = publish(2, source="form_submitted", repeat=Repeat.DAILY)
    always = publish(1, repeat=Repeat.ALWAYS)
    trigger = Trigger.objects.create(name="Hot", threshold=THRESHOLD)
    TriggerAction.objects.create(
        trigger=trigger, type="change_tags", params={"add": [Tag.objects.create(name="hot").pk], "remove": []}
    )
    return [
        oracle.Version(action.pk, 1, action.points, action.repeat, kind, frozenset(), datetime(2020, 1, 1, tzinfo=UTC))
        for action, kind in (
            (once, Kind.ASSET_DOWNLOADED),
            (daily, Kind.FORM_SUBMITTED),
            (always, Kind.ASSET_DOWNLOADED),
        )
    ]


def history(count, seed=7):
    """`count` hits of 25 contacts on 4 subjects, a tenth of them sent twice: (key, contact, kind, subject, at)."""
    chance = random.Random(seed)
    contacts = [Contact.objects.create(email=f"person{number}@example.com") for number in range(25)]
    subjects = {
        Kind.ASSET_DOWNLOADED: [subject("guide"), subject("prices")],
        Kind.FORM_SUBMITTED: [subject("contact", Subject.Type.FORM), subject("trial", Subject.Type.FORM)],
    }
    happened = []
    for number in range(count):
        if happened and chance.random() < 0.1:
            happened.append(chance.choice(happened))
            continue
        kind = chance.choice(list(subjects))
        at = START + timedelta(minutes=chance.randrange(20 * 24 * 60))
        happened.append((UUID(int=number + 1), chance.choice(contacts), kind, chance.choice(subjects[kind]), at))
    return happened


def assert_as_if_nothing_had_failed(happened, rules):
    plain = [(key, contact.pk, kind, about.pk, at) for key, contact, kind, about, at in happened]
    due = oracle.ledger(plain, rules)
    entries = PointEntry.objects.select_related("version")
    found = {
        (e.contact_id, e.action_id, e.version.number, e.object_id, e.period): (e.hits, e.credited) for e in entries
    }
    above = ContactScore.objects.filter(group=None, score__gte=THRESHOLD).values_list("contact", flat=True)

    assert found == due
    assert sql.differences() == []
    assert Event.objects.filter(key__isnull=False).count() == len({key for key, *_ in happened})
    assert sorted(Firing.objects.values_list("contact", "cycle")) == sorted((contact, 1) for contact in above)
    assert Delivery.objects.count() == Firing.objects.count() > 0
    assert Hit.objects.count() == 0


class Failure(Exception):
    pass


@pytest.mark.django_db
def test_a_batch_may_fail_at_any_statement_and_leaves_everything_as_it_was(rules):
    happened = history(120)
    for key, contact, kind, about, at in happened:
        happen(contact, kind, about, at, key=key)

    statements = 0
    while True:
        left = statements

        def fail_in_time(execute, query, params, many, context):
            nonlocal left
            left -= 1
            if left < 0:
                raise Failure
            return execute(query, params, many, context)

        try:
            with transaction.atomic(), connection.execute_wrapper(fail_in_time):
                ids = pipeline.inbox.waiting(200)
                pipeline._make_room(ids, 200)
                pipeline._in_transaction(lambda ids=ids: pipeline._carry(pipeline.inbox.take(ids)))
            break
        except Failure:
            assert PointEntry.objects.count() == Event.objects.filter(key__isnull=False).count() == 0
            assert Hit.objects.count() == len({key for key, *_ in happened})
        statements += 1
    pipeline.drain()

    assert statements > 15
    assert_as_if_nothing_had_failed(happened, rules)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_workers_killed_at_random_moments_lose_nothing_and_double_nothing(rules):
    happened = history(2000)
    with crashing_workers() as kills:
        for start in range(0, len(happened), 100):
            for key, contact, kind, about, at in happened[start : start + 100]:
                happen(contact, kind, about, at, key=key)
            time.sleep(0.02)
        deadline = time.monotonic() + 120
        while Hit.objects.exists() and time.monotonic() < deadline:
            time.sleep(0.1)

    assert not Hit.objects.exists(), "the workers should have taken everything themselves"
    assert min(kills) >= 5
    pipeline.drain()
    assert_as_if_nothing_had_failed(happened, rules)
