"""What the database promises of rules and lines, when two do the same at once."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from config import pipeline
from contacts.models import Contact
from scoring import ledger, matching, profiles, scores, sql
from scoring.models import (
    NO_PERIOD,
    Adjustment,
    ContactScore,
    Holding,
    Match,
    PointAction,
    PointActionVersion,
    PointEntry,
    Repeat,
)
from tests.factories import ContactFactory
from tests.scoring.conftest import download, lines, score, subject
from tests.scoring.rules.conftest import AT, concurrent
from tests.threads import together
from tracking.models import Subject

pytestmark = pytest.mark.django_db
FRENCH = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}


def refused(name, make):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make()


def test_the_database_refuses_what_must_be_there_once(publish, ada, engagement):
    action = publish(5)
    version = action.versions.get()
    about = subject("guide")
    Match.objects.create(version=version, subject=about, object_id=about.pk)
    Holding.objects.create(contact=ada, version=version, since=AT, until=AT)
    Holding.objects.create(contact=ada, version=version, since=AT)
    ContactScore.objects.create(contact=ada)
    ContactScore.objects.create(contact=ada, group=engagement)
    kept = ledger.adjust(ada.pk, engagement.pk, 1, note="x")
    entry = {
        "contact": ada,
        "action": action,
        "version": version,
        "hits": 1,
        "credited": 1,
        "first_at": AT,
        "last_at": AT,
    }
    PointEntry.objects.create(**entry)

    again = {name: getattr(version, name) for name in ("action", "number", "points", "worth", "group", "valid_from")}
    refused("one_version_per_number", lambda: PointActionVersion.objects.create(**again))
    refused(
        "one_match_per_subject_and_version", lambda: Match.objects.create(version=version, subject=about, object_id=1)
    )
    refused(
        "one_open_holding_per_contact_and_version",
        lambda: Holding.objects.create(contact=ada, version=version, since=AT),
    )
    refused("one_score_per_contact_and_group", lambda: ContactScore.objects.create(contact=ada, group=engagement))
    refused("one_score_per_contact_and_group", lambda: ContactScore.objects.create(contact=ada))
    refused("scoring_pointentry", lambda: PointEntry.objects.create(**entry))
    refused(
        "key",
        lambda: Adjustment.objects.create(contact=ada, group=engagement, points=1, note="y", key=kept.key),
    )
    refused("points_are_not_zero", lambda: PointAction.objects.filter(pk=action.pk).update(points=0))
    refused(
        "active_from_before_until",
        lambda: PointAction.objects.filter(pk=action.pk).update(active_from=AT, active_until=AT),
    )


@concurrent
def test_two_batches_that_meet_the_same_new_subject_match_it_once(publish, ada):
    publish(5, repeat=Repeat.ALWAYS)
    abouts = [subject(str(number)) for number in range(30)]

    def resolve():
        with transaction.atomic():
            sql.share_rules()
            matching.resolve_new()

    together(resolve, resolve, resolve)
    assert sorted(Match.objects.values_list("subject", flat=True)) == [about.pk for about in abouts]
    assert not Subject.objects.filter(resolved_at__isnull=True).exists()


@concurrent
def test_two_batches_about_the_same_occurrence_write_one_line(publish, ada):
    publish(5, repeat=Repeat.ONCE)
    publish(2, repeat=Repeat.ALWAYS)
    guide = subject("guide")
    for _ in range(12):
        download(ada, guide, AT)
    together(*[lambda: pipeline.drain(limit=1)] * 3)
    pipeline.drain()

    assert [(line[0], line[4], line[5]) for line in lines(ada)] == [
        ("asset_downloaded +5", 12, 1),
        ("asset_downloaded +2", 12, 12),
    ]
    assert PointEntry.objects.filter(period=NO_PERIOD).count() == 1
    assert score(ada) == 5 + 24


@concurrent
def test_two_who_look_at_the_same_profile_open_one_interval(publish, ada):
    publish(20, source="profile_matches", params=FRENCH)

    def hold():
        with transaction.atomic():
            sql.share_rules()
            scores.refresh(profiles.hold(scores.lock([ada.pk])))

    together(hold, hold, hold)
    assert Holding.objects.filter(until__isnull=True).count() == PointEntry.objects.count() == 1
    assert score(ada) == 20


@concurrent
def test_two_who_lock_a_contact_without_a_score_make_one_and_take_turns(ada, engagement):
    def add():
        with transaction.atomic():
            assert scores.lock([ada.pk]) == [ada.pk]
            return scores.refresh([scores.Delta(ada.pk, engagement.pk, 1)])

    moves = together(*[add] * 4)

    assert sorted(int(move.before) for moved in moves for move in moved if move.group_id is None) == [0, 1, 2, 3]
    assert (score(ada), score(ada, engagement)) == (4, 4)


@concurrent
def test_many_contacts_locked_in_any_order_never_block_each_other(engagement):
    contacts = [ContactFactory() for _ in range(20)]
    ids = [contact.pk for contact in contacts]

    def add(order):
        with transaction.atomic():
            held = scores.lock(order)
            scores.refresh([scores.Delta(pk, engagement.pk, 1) for pk in held])

    jobs = [lambda order=order: add(order) for order in (ids, ids[::-1], ids[10:] + ids[:10])]
    together(*jobs)
    assert set(ContactScore.objects.values_list("score", flat=True)) == {Decimal(3)}
    assert Contact.objects.count() == 20
