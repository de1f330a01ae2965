"""Random merges among some contacts, undone in any order: in the end everybody has what they had, and what came to them since."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns import enrolments
from campaigns.models import Campaign, Delivery, Enrolment, Firing, TriggerAction
from config import pipeline
from contacts import consent, merging, segments, tagging
from contacts.merging import MergeError
from contacts.models import Contact, DoNotContact, Membership, Merge, Purpose, Segment, Tag
from scoring import ledger, reconciliation
from scoring.models import PointGroup, Repeat
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    FormFactory,
    SegmentFactory,
    StageFactory,
    StepFactory,
    TagFactory,
    TriggerFactory,
)
from tests.scoring.conftest import download, happen, score, subject
from tests.test_merging import FRENCH, all_of
from tracking.models import Event, FormSubmission, Kind, Subject, Visitor

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPEN = [Enrolment.State.ACTIVE, Enrolment.State.HELD]


def settle():
    pipeline.drain()
    assert [finding for _count, found in reconciliation.findings() for finding in found] == []


@pytest.fixture
def world(publish):
    """Rules, lists and campaigns that the contacts of a test have more or less of."""
    publish(40)
    publish(7, source="profile_matches", params={"conditions": {"all": [FRENCH]}})
    trigger = TriggerFactory(threshold=40)
    TriggerAction.objects.create(trigger=trigger, type="send_webhook", params={})
    for number in range(2):
        StepFactory(campaign=CampaignFactory(), type="wait", params={"kind": "for", "amount": 3, "unit": "days"})
        TagFactory(name=f"tag {number}")
        SegmentFactory(name=f"Segment {number}")
    StageFactory.create_batch(2)
    FormFactory()


def somebody(chance, number):
    """A contact with some of everything, by chance."""
    values = {name: chance.choice(["", f"{name} {number}"]) for name in ("first_name", "city")}
    values["phone"] = chance.choice(["", f"+3361234567{number}"])
    email = chance.choice([None, f"person{number}@example.com", f"person{number}@example.com"])
    contact = ContactFactory(email=email, **values)
    Contact.objects.filter(pk=contact.pk).update(
        created_at=AT + timedelta(days=chance.randrange(9)),
        country=chance.choice(["", "FR", "BE"]),
        fields=chance.choice([{}, {"budget": number}, {"size": number}]),
    )
    tagging.add([contact.pk], Tag.objects.filter(pk__in=some(chance, Tag)))
    for pk in some(chance, Segment):
        reason = chance.choice([Membership.Reason.MANUAL, Membership.Reason.IMPORT])
        Membership.objects.create(
            contact=contact,
            segment_id=pk,
            reason=reason,
            is_member=chance.random() < 0.7,
            since=AT + timedelta(days=chance.randrange(9)),
        )
    for channel in ("email", "sms"):
        if chance.random() < 0.4:
            consent.block(contact, channel, chance.choice(list(DoNotContact.Reason)))
    for purpose in chance.sample(list(Purpose), 2):
        (consent.give if chance.random() < 0.5 else consent.withdraw)(contact, purpose)
    Visitor.objects.create(contact=contact, is_sure=True)
    return Contact.objects.get(pk=contact.pk)


def some(chance, model):
    return [pk for pk in model.objects.order_by("pk").values_list("pk", flat=True) if chance.random() < 0.5]


def live(chance, contact, guide):
    """What they have done and what was done about it, by chance."""
    if chance.random() < 0.6:
        download(contact, guide, AT)
    if chance.random() < 0.3:
        ledger.adjust(contact.pk, PointGroup.objects.first().pk, 3, note="At the fair")
    if chance.random() < 0.5:
        form = FormSubmission._meta.get_field("form").related_model.objects.get()
        about = Subject.objects.get(type="form", ref_id=form.pk)
        happen(contact, Kind.FORM_SUBMITTED, about, AT, data={"form": form.pk, "answers": {"x": "y"}})
    for campaign in Campaign.objects.order_by("pk"):
        if chance.random() < 0.7:
            enrolments.enrol(campaign, [contact.pk], "manual", held=chance.random() < 0.4)
            mine = Enrolment.objects.filter(contact=contact, campaign=campaign)
            mine.filter(state="active").update(position=chance.randrange(4))
            if chance.random() < 0.2:
                mine.update(state="finished", due_at=None, ended_at=timezone.now())


VALUES = ("phone", "city", "country", "fields.budget", "fields.size")


def merge_some(chance, people, count, names=VALUES):
    """So many merges at most, of whoever is still somebody."""
    for _number in range(count):
        alive = list(Contact.objects.filter(pk__in=people, merged_into=None).values_list("pk", flat=True))
        if len(alive) > 1:
            winner, loser = chance.sample(sorted(alive), 2)
            merging.merge(winner, loser, choices={name: chance.choice(["winner", "loser"]) for name in names})


def undo_one(chance):
    """Some merge that can be undone now; False if none is in force."""
    in_force = list(Merge.objects.filter(undone_at=None).order_by("pk"))
    chance.shuffle(in_force)
    for merge in in_force:
        try:
            merging.undo(merge)
        except MergeError:
            continue
        return True
    assert not in_force
    return False


@pytest.mark.parametrize("seed", range(12))
def test_all_is_as_it_was_once_all_merges_are_undone(world, seed):
    chance, guide = random.Random(seed), subject("guide")
    people = [somebody(chance, number) for number in range(4)]
    for contact in people:
        live(chance, contact, guide)
        settle()  # one after the other: whoever fired first is another one each time
    before = all_of(*people)
    ids = [contact.pk for contact in people]

    merge_some(chance, ids, 3, ("email", *VALUES))
    settle()
    while undo_one(chance):
        settle()
        if chance.random() < 0.3:
            merge_some(chance, ids, 1, ("email", *VALUES))
            settle()

    for contact in people:
        contact.refresh_from_db()
    assert all_of(*people) == before
    assert not Firing.objects.filter(state="held").exists()


@pytest.mark.parametrize("seed", range(6))
def test_what_came_since_is_of_whom_it_named(world, publish, seed):
    publish(1, repeat=Repeat.ALWAYS)
    chance, guide = random.Random(seed), subject("guide")
    people = [ContactFactory(email=f"person{number}@example.com") for number in range(4)]
    whose = {contact.pk: Visitor.objects.create(contact=contact, is_sure=True).pk for contact in people}
    done = {contact.pk: set() for contact in people}

    def act():
        contact = chance.choice(people)
        browser = chance.choice([None, whose[contact.pk], uuid4()])
        address = {"data": {"email": contact.email}} if browser not in whose.values() else {}
        kind, token = (Kind.IDENTIFIED, None) if address else (Kind.ASSET_DOWNLOADED, chance.choice([None, contact]))
        done[contact.pk].add(happen(token, kind, None if address else guide, visitor_id=browser, **address))

    ids = [contact.pk for contact in people]
    for _round in range(6):
        act()
        settle()
        merge_some(chance, ids, chance.randrange(2))
        act()
        settle()
        if chance.random() < 0.4:
            undo_one(chance)
    while undo_one(chance):
        settle()

    found = {pk: set() for pk in ids}
    for contact, key in Event.objects.exclude(key=None).filter(kind__lt=30).values_list("contact", "key"):
        found[contact].add(key)
    assert found == done
    assert dict(Visitor.objects.filter(pk__in=whose.values()).values_list("contact", "pk")) == whose


# --- each of them small -----------------------------------------------------------------------------------------------


@pytest.fixture
def three(db):
    return [ContactFactory(email=f"person{number}@example.com") for number in range(3)]


def test_a_refusal_of_somebody_who_is_still_merged_goes_on(three):
    ada, old, third = three
    for contact in (old, third):
        consent.block(contact, "email", DoNotContact.Reason.UNSUBSCRIBED)
    first, second = merging.merge(ada.pk, old.pk), merging.merge(ada.pk, third.pk)

    merging.undo(first)
    assert [consent.is_blocked(contact, "email") for contact in three] == [True, True, True]
    merging.undo(second)
    assert [consent.is_blocked(contact, "email") for contact in three] == [False, True, True]


def test_a_refusal_of_somebody_else_is_not_everybodys(three):
    ada, old, third = three
    first = merging.merge(ada.pk, old.pk)
    consent.block(third, "email", DoNotContact.Reason.UNSUBSCRIBED)
    merging.merge(ada.pk, third.pk)

    merging.undo(first)
    assert [consent.is_blocked(contact, "email") for contact in three] == [True, False, True]


def test_what_somebody_who_is_still_merged_has_too_stays(three):
    ada, old, third = three
    beer, dinner = TagFactory(name="beer"), SegmentFactory(name="Dinner")
    tagging.add([old.pk, third.pk], [beer])
    segments.add(dinner, [old.pk, third.pk])
    first, second = merging.merge(ada.pk, old.pk), merging.merge(ada.pk, third.pk)

    def stand():
        return ada.tags.count(), ada.memberships.filter(is_member=True).count()

    merging.undo(first)
    assert stand() == (1, 1)
    merging.undo(second)
    assert stand() == (0, 0)


def test_values_come_back_past_a_later_merge(three):
    ada, old, third = three
    for contact, city in ((old, "Lyon"), (third, "Paris")):
        Contact.objects.filter(pk=contact.pk).update(city=city)
    theirs = {"email": "loser", "city": "loser"}
    first, second = (merging.merge(ada.pk, contact.pk, choices=theirs) for contact in (old, third))

    def stand():
        return list(Contact.objects.order_by("pk").values_list("email", "city"))

    merging.undo(first)
    assert stand() == [
        ("person2@example.com", "Paris"),
        ("person1@example.com", "Lyon"),
        ("person0@example.com", "Paris"),
    ]
    merging.undo(second)
    assert stand() == [("person0@example.com", ""), ("person1@example.com", "Lyon"), ("person2@example.com", "Paris")]


@pytest.mark.parametrize(("ours", "theirs"), [(True, False), (False, True), (True, True)])
def test_of_two_open_ways_through_a_campaign_one_stays_open(three, ours, theirs):
    """One that is under way goes on; what waits for release was not begun."""
    ada, old, _third = three
    campaign = CampaignFactory()
    for contact, held in ((ada, ours), (old, theirs)):
        enrolments.enrol(campaign, [contact.pk], "manual", held=held)
    before = list(Enrolment.objects.order_by("pk").values())
    merge = merging.merge(ada.pk, old.pk)

    states = Enrolment.objects.filter(contact=ada).order_by("cycle").values_list("state", flat=True)
    assert list(states) == ["declined", "held" if ours and theirs else "active"]
    merging.undo(merge)
    assert list(Enrolment.objects.order_by("pk").values()) == before


def test_whoever_went_on_for_both_goes_on_alone(three):
    """The second was further along than the first, the third than both."""
    ada, old, third = three
    campaign = CampaignFactory()
    enrolments.enrol(campaign, [ada.pk, old.pk, third.pk], "manual")
    for position, contact in enumerate(three):
        Enrolment.objects.filter(contact=contact).update(position=position)
    before = list(Enrolment.objects.order_by("pk").values())
    first, second = merging.merge(ada.pk, old.pk), merging.merge(ada.pk, third.pk)

    merging.undo(first)
    assert sorted(Enrolment.objects.filter(state="active").values_list("contact", "position")) == [
        (ada.pk, 2),
        (old.pk, 1),
    ]
    merging.undo(second)
    assert list(Enrolment.objects.order_by("pk").values()) == before


def test_what_was_cancelled_for_somebody_who_is_gone_is_done(three, publish):
    """The second had fired first: what waits for the third is done once the second is somebody else again."""
    ada, old, third = three
    publish(40)
    TriggerAction.objects.create(trigger=TriggerFactory(threshold=40), type="send_webhook", params={})
    for contact in (old, third):
        download(contact, subject(f"guide {contact.pk}"))
        settle()
    first, second = merging.merge(ada.pk, old.pk), merging.merge(ada.pk, third.pk)

    def states():
        return list(Delivery.objects.order_by("pk").values_list("contact", "state"))

    assert states() == [(ada.pk, "queued"), (ada.pk, "cancelled")]

    merging.undo(first)
    settle()
    assert states() == [(old.pk, "queued"), (ada.pk, "queued")]
    merging.undo(second)
    settle()
    assert states() == [(old.pk, "queued"), (third.pk, "queued")]
    assert [score(contact) or 0 for contact in three] == [0, 40, 40]


def test_a_browser_of_somebody_merged_since_is_not_taken_for_new(three):
    ada, old, third = three
    browser, link = Visitor.objects.create(contact=third, is_sure=True), subject("link", "link")
    happen(None, Kind.PAGE_VISITED, visitor_id=browser.pk, url="https://shop.example/pricing")
    settle()
    first, second = merging.merge(ada.pk, old.pk), merging.merge(ada.pk, third.pk)
    happen(old, Kind.EMAIL_CLICKED, link, visitor_id=browser.pk, message_id=7)  # forwarded
    settle()
    merging.undo(first)
    merging.undo(second)

    assert Visitor.objects.get().contact == third
    assert Event.objects.get(kind=Kind.PAGE_VISITED).contact == third
    assert Event.objects.get(kind=Kind.EMAIL_CLICKED).contact == old
