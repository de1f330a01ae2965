"""Merges while others merge, score, send and undo: nothing is lost, nothing counts twice, nobody is merged in a circle."""

import random
from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, connection

from campaigns import delivery
from campaigns.models import TriggerAction
from config import pipeline
from contacts import merging, tagging
from contacts.merging import MergeError
from contacts.models import Contact, Duplicate, Merge
from scoring import reconciliation
from scoring.models import Adjustment, ContactScore, Repeat
from tests.factories import ContactFactory, TagFactory, TriggerFactory
from tests.scoring.conftest import download, subject
from tests.threads import together
from tracking.models import Event, Hit, Kind, Tie, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


def or_refused(work):
    """The merge that came too late is refused with a sentence."""

    def attempt():
        for _try in range(20):
            try:
                return work()
            except MergeError:
                return None
            except OperationalError as error:  # two who waited for each other: one is told so, and tries again
                if "deadlock" not in str(error):
                    raise

    return attempt


def agree():
    assert [finding for _count, found in reconciliation.findings() for finding in found] == []


@pytest.mark.parametrize("_round", range(3))
def test_a_pair_merged_both_ways_at_once_is_merged_one_way(_round):
    a, b = ContactFactory.create_batch(2)
    together(*[or_refused(lambda: merging.merge(a.pk, b.pk))] * 3, *[or_refused(lambda: merging.merge(b.pk, a.pk))] * 3)

    [merge] = Merge.objects.all()
    assert Contact.objects.get(merged_into=None) == merge.winner
    assert Contact.objects.get(pk=merge.loser_id).merged_into == merge.winner


def test_a_chain_merged_at_once_leads_to_living_contacts(publish):
    publish(5, repeat=Repeat.ALWAYS)
    people, guide = ContactFactory.create_batch(5), subject("guide")
    for contact in people:
        download(contact, guide)
    pipeline.drain()
    pairs = [(people[n].pk, people[n + 1].pk) for n in range(4)] + [(people[4].pk, people[0].pk)]
    together(*[or_refused(lambda pair=pair: merging.merge(*pair)) for pair in pairs])
    pipeline.drain()

    for contact in Contact.objects.exclude(merged_into=None).select_related("merged_into"):
        assert contact.merged_into.merged_into is None
    assert sum(ContactScore.objects.filter(group=None).values_list("score", flat=True)) == 25
    agree()


def test_scoring_merging_undoing_and_acting_at_once_lose_and_double_nothing(publish, engagement):
    publish(5, repeat=Repeat.ALWAYS)
    trigger = TriggerFactory(threshold=20)
    TriggerAction.objects.create(trigger=trigger, type="change_tags", params={"add": [TagFactory(name="hot").pk]})
    people, guide = ContactFactory.create_batch(4), subject("guide")
    browsers = [Visitor.objects.create(contact=contact, is_sure=True) for contact in people]

    def hit(seed):
        chance = random.Random(seed)
        for _ in range(25):
            download(chance.choice(people), guide)
            browser = chance.choice(browsers)
            download(None, guide, visitor_id=browser.pk)
            Adjustment.objects.create(contact=chance.choice(people), group=engagement, points=1, note="x", key=uuid4())

    def score_them():
        for _ in range(30):
            with suppress(OperationalError):  # two waited for each other: the next tick does what this one did not
                pipeline.advance(limit=7)
            delivery.perform_due(limit=3)

    def merge(seed):
        chance = random.Random(seed)
        for _ in range(8):
            a, b = chance.sample(people, 2)
            or_refused(lambda a=a, b=b: merging.merge(a.pk, b.pk))()
            if done := Merge.objects.filter(undone_at=None).order_by("?").first():
                or_refused(lambda done=done: merging.undo(done))()
            tagging.add([a.pk], [TagFactory(name=f"tag {seed} {_}")])

    together(lambda: hit(1), lambda: hit(2), score_them, score_them, lambda: merge(3), lambda: merge(4))
    pipeline.drain()
    for merged in Merge.objects.filter(undone_at=None).order_by("-pk"):
        or_refused(lambda merged=merged: merging.undo(merged))()
    pipeline.drain()

    assert Hit.objects.count() == 0
    assert Event.objects.filter(kind=Kind.ASSET_DOWNLOADED, contact=None).count() == 0
    assert Event.objects.filter(kind=Kind.ASSET_DOWNLOADED).count() == 100
    assert sum(ContactScore.objects.filter(group=None).values_list("score", flat=True)) == 100 * 5 + 50
    agree()


def test_one_merge_in_force_per_loser():
    a, b, c = ContactFactory.create_batch(3)

    def make(winner):
        try:
            Merge.objects.create(winner=winner, loser=c)
            return True
        except IntegrityError:
            return False

    assert sorted(together(lambda: make(a), lambda: make(b), lambda: make(a))) == [False, False, True]


def test_one_duplicate_per_pair_and_one_tie_per_browser_and_contact():
    a, b = ContactFactory.create_batch(2)
    browser = Visitor.objects.create()

    def make(model, **values):
        try:
            model.objects.create(**values)
            return True
        except IntegrityError:
            connection.close()
            return False

    for model, values in ((Duplicate, {"first": a, "second": b}), (Tie, {"visitor": browser, "contact": a})):
        assert sorted(together(*[lambda model=model, values=values: make(model, **values)] * 4)) == [False] * 3 + [True]
