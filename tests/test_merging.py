"""Merging: everything moves, policies hold over the union, scores are made anew, and all of it can be undone."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns import delivery, enrolments, triggers, webinars
from campaigns.mail import links
from campaigns.models import Delivery, Enrolment, Firing, Message, Registration, TriggerAction
from config import pipeline
from contacts import consent, merging, segments, tagging
from contacts.merging import MergeError
from contacts.models import Consent, Contact, DoNotContact, Membership, Merge, Purpose
from scoring import ledger, machines, reconciliation
from scoring.models import Adjustment, ContactScore, Holding, PointEntry, Repeat
from tests.factories import (
    CampaignFactory,
    CompanyFactory,
    ContactFactory,
    FormFactory,
    SegmentFactory,
    StageFactory,
    StepFactory,
    TagFactory,
    TriggerFactory,
    WebinarFactory,
)
from tests.scoring.conftest import download, happen, lines, score, subject
from tracking import double_opt_in
from tracking.models import Confirmation, Event, FormSubmission, Kind, Mark, Subject, Visitor
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


@pytest.fixture
def ada(db):
    return ContactFactory(email="ada@example.com", first_name="Ada")


@pytest.fixture
def old(db):
    return ContactFactory(email="ada@old.example", last_name="Lovelace", phone="+33612345678")


# Made anew where contacts change: their numbers are new.
DERIVED = {
    Contact: {"updated_at"},
    Registration: {"id"},
    Membership: {"id", "since"},
    Delivery: {"outcome"},
}
ORDER = {Registration: ["webinar", "contact"], Membership: ["segment", "contact"]}

KEPT = (
    Consent, Membership, DoNotContact, Adjustment, Firing, Enrolment, Delivery, Message, Registration, FormSubmission, Visitor,
)  # fmt: skip


def settled(*contacts):
    """The pipeline has done what waits; nothing differs from a replay."""
    pipeline.drain()
    assert [finding for _count, found in reconciliation.findings() for finding in found] == []
    for contact in contacts:
        contact.refresh_from_db()


def all_of(*contacts):
    """Everything that is recorded of these contacts, to compare before and after."""
    ids = [contact.pk for contact in contacts]
    deeds = Event.objects.filter(contact__in=ids).exclude(kind__gte=30).order_by("pk")
    points = ContactScore.objects.filter(contact__in=ids).exclude(score=0).order_by("contact", "group")
    tags = Contact.tags.through.objects.filter(contact__in=ids).order_by("contact", "tag")
    return {
        "contacts": list(Contact.objects.filter(pk__in=ids).order_by("pk").values(*columns(Contact))),
        "events": list(deeds.values_list("pk", "contact")),
        "lines": [(contact.pk, lines(contact)) for contact in contacts],
        "scores": list(points.values_list("contact", "group", "score")),
        "tags": list(tags.values_list("contact", "tag")),
        **{model.__name__: rows(model, ids) for model in KEPT},
    }


def rows(model, ids):
    found = model.objects.filter(contact__in=ids).order_by(*ORDER.get(model, ["pk"]))
    return list(found.values(*columns(model)))


def columns(model):
    return [field.attname for field in model._meta.fields if field.name not in DERIVED.get(model, ())]


# --- what moves -------------------------------------------------------------------------------------------------------


def test_each_model_of_a_contact_has_a_part_that_sees_to_it():
    covered = frozenset().union(*(part.covers for part in merging.parts))
    related = {relation.related_model for relation in Contact._meta.related_objects} - {Contact}

    assert {model._meta.label for model in related} - covered == set()


def test_once_stays_once_and_the_earliest_event_wins(ada, old, publish):
    publish(5)
    publish(2, repeat=Repeat.ONCE_PER_OBJECT)
    guide, prices = subject("guide"), subject("prices")
    for contact, about, hours in ((ada, guide, 2), (old, guide, 1), (old, prices, 3)):
        download(contact, about, AT - timedelta(hours=hours))
    settled()
    assert (score(ada), score(old)) == (7, 9)

    merging.merge(ada.pk, old.pk)
    settled(ada, old)

    assert (score(ada), score(old), old.merged_into) == (9, 0, ada)
    assert PointEntry.objects.filter(contact=old).count() == 0
    assert PointEntry.objects.get(contact=ada, action__repeat=Repeat.ONCE).first_at == AT - timedelta(hours=3)


def test_what_a_person_marked_as_a_machine_gets_by_a_merge_is_a_machines_until_it_is_undone(ada, old, publish):
    publish(5)
    machines.mark(Mark(contact=ada))
    download(old, subject("guide"), AT)
    settled()
    assert score(old) == 5

    merge = merging.merge(ada.pk, old.pk)
    settled(ada, old)
    assert (score(ada), score(old)) == (0, 0)

    merging.undo(merge)
    settled(ada, old)
    assert (score(ada), score(old)) == (0, 5)


def test_all_that_was_done_said_and_decided_goes_to_the_winner_and_comes_back(ada, old, publish):
    publish(40)
    publish(7, source="profile_matches", params={"conditions": {"all": [FRENCH]}})
    guide, form, webinar = subject("guide"), FormFactory(), WebinarFactory()
    trigger = TriggerFactory(threshold=40)
    TriggerAction.objects.create(trigger=trigger, type="change_tags", params={"add": [TagFactory(name="hot").pk]})
    campaign = CampaignFactory()
    StepFactory(campaign=campaign, type="wait", params={"kind": "for", "amount": 3, "unit": "days"})
    vip, beer = TagFactory(name="vip"), TagFactory(name="beer")
    tagging.add([old.pk], [vip])
    tagging.add([ada.pk, old.pk], [beer])
    dinner, french = SegmentFactory(name="Dinner"), SegmentFactory(conditions={"all": [FRENCH]})
    segments.add(dinner, [old.pk])
    Contact.objects.filter(pk=old.pk).update(country="FR", fields={"budget": 7}, company=CompanyFactory())
    consent.give(old.pk, Purpose.PROFILING)
    consent.block(old.pk, "email", DoNotContact.Reason.UNSUBSCRIBED)
    Visitor.objects.create(contact=old, is_sure=True)
    download(old, guide, AT)
    ledger.adjust(old.pk, publish.__closure__[0].cell_contents.pk, 3, note="At the fair")
    webinars.record(webinar, Kind.WEBINAR_REGISTERED, [old.pk])
    enrolments.enrol(campaign, [old.pk], "manual")
    about = Subject.objects.get(type="form", ref_id=form.pk)
    happen(old, Kind.FORM_SUBMITTED, about, AT, data={"form": form.pk, "answers": {"x": "y"}})
    settled()
    delivery.perform_due()
    settled(ada, old)
    before = all_of(ada, old)
    assert (score(ada), score(old)) == (0, 50)

    done = merging.merge(ada.pk, old.pk)
    settled(ada, old)

    assert (score(ada), score(old)) == (50, 0)
    assert (ada.name, ada.email, ada.phone, ada.country) == ("Ada Lovelace", "ada@example.com", "+33612345678", "FR")
    assert (ada.fields, ada.company) == ({"budget": 7}, old.company)
    assert old.email == "ada@old.example"
    assert {str(tag) for tag in ada.tags.all()} == {"vip", "beer", "hot"}
    assert {str(row.segment) for row in ada.memberships.filter(is_member=True)} == {"Dinner", str(french)}
    for model in (Consent, DoNotContact, Firing, Delivery, Enrolment, Registration, FormSubmission, Visitor):
        assert model.objects.filter(contact=ada).count() == 1, model
    assert list(Holding.objects.filter(until=None).values_list("contact", flat=True)) == [ada.pk]
    assert Enrolment.objects.get().state == "active"

    merging.undo(done)
    settled(ada, old)

    assert all_of(ada, old) == before
    assert (score(ada), score(old)) == (0, 50)
    assert Firing.objects.filter(state="held").count() == 0


def test_what_happens_to_the_old_contact_afterwards_happens_to_the_winner(ada, old, publish):
    publish(5, repeat=Repeat.ALWAYS)
    guide, browser = subject("guide"), Visitor.objects.create(contact=old)
    merging.merge(ada.pk, old.pk)
    download(old, guide)
    happen(None, Kind.ASSET_DOWNLOADED, guide, visitor_id=browser.pk)
    happen(None, Kind.IDENTIFIED, None, visitor_id=None, data={"email": "ADA@old.example"})
    group = PointEntry._meta.get_field("action").related_model.objects.get().group
    ledger.adjust(old.pk, group.pk, 3, note="Late")
    settled(ada, old)

    assert (score(ada), score(old)) == (13, 0)
    assert Event.objects.filter(kind=Kind.IDENTIFIED).get().contact == ada
    assert Contact.objects.count() == 2


def test_an_undone_merge_gives_back_what_came_to_the_old_id_address_or_browser_since(ada, old, publish):
    publish(5, repeat=Repeat.ALWAYS)
    guide, form = subject("guide"), FormFactory()
    browser, other = Visitor.objects.create(contact=old), Visitor.objects.create(contact=ada)
    done = merging.merge(ada.pk, old.pk)
    download(old, guide)
    download(ada, guide)
    happen(None, Kind.ASSET_DOWNLOADED, guide, visitor_id=browser.pk)
    happen(None, Kind.ASSET_DOWNLOADED, guide, visitor_id=other.pk)
    about = Subject.objects.get(type="form", ref_id=form.pk)
    happen(old, Kind.FORM_SUBMITTED, about, AT, data={"form": form.pk, "answers": {"x": "y"}})
    happen(None, Kind.IDENTIFIED, None, data={"email": "ada@old.example"})
    settled(ada)
    assert score(ada) == 20

    merging.undo(done)
    settled(ada, old)

    assert (score(ada), score(old)) == (10, 10)
    assert FormSubmission.objects.get().contact == old
    assert Event.objects.get(kind=Kind.IDENTIFIED).contact == old


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_browser_that_was_new_to_both_goes_to_whose_address_was_given_in_it(ada, old, is_noted):
    link, new, shared = subject("link", "link"), uuid4(), uuid4()
    ours = Visitor.objects.create(contact=ada, is_sure=True).pk
    done = merging.merge(ada.pk, old.pk)
    if not is_noted:  # by an earlier version of Bareme
        del done.moved["tracking"]["known"]
        done.save()
    for browser in (shared, ours, new):
        page = "https://shop.example/pricing"
        happen(None, Kind.PAGE_VISITED, visitor_id=browser, url=page)
        happen(None, Kind.IDENTIFIED, None, visitor_id=browser, data={"email": "ada@old.example"})
        answered = {"purpose": "web_tracking", "granted": browser is not new, "text": f"Of {browser}"}
        happen(None, Kind.CONSENT_ANSWERED, visitor_id=browser, data=answered)
        happen(ada, Kind.EMAIL_CLICKED, link, visitor_id=browser, message_id=7)
    happen(None, Kind.IDENTIFIED, None, visitor_id=shared, data={"email": "ada@example.com"})
    settled(ada)

    merging.undo(done)
    settled(ada, old)

    assert Visitor.objects.get(pk=new).contact == old
    assert set(Visitor.objects.filter(contact=ada).values_list("pk", flat=True)) == {shared, ours}
    visits = Event.objects.filter(kind=Kind.PAGE_VISITED).values_list("visitor_id", "contact_id")
    assert dict(visits) == {new: old.pk, shared: ada.pk, ours: ada.pk}
    assert set(Event.objects.filter(kind=Kind.EMAIL_CLICKED).values_list("contact", flat=True)) == {ada.pk}
    assert consent.allowed(Purpose.WEB_TRACKING, [ada.pk, old.pk]) == {ada.pk}
    assert list(old.consents.values_list("text", flat=True)) == [f"Of {new}"]


# --- whose value wins -------------------------------------------------------------------------------------------------


def test_a_value_that_is_chosen_wins_and_the_winners_own_by_default(ada, old):
    lead, customer = StageFactory(position=1), StageFactory(position=2)
    Contact.objects.filter(pk=ada.pk).update(city="Paris", job_title="CEO", stage=lead, fields={"a": 1, "b": 1})
    Contact.objects.filter(pk=old.pk).update(city="Lyon", job_title="CTO", stage=customer, fields={"a": 2, "c": 2})

    merging.merge(ada.pk, old.pk, choices={"job_title": "loser", "fields.a": "loser", "last_name": "winner"})
    ada.refresh_from_db()

    assert (ada.city, ada.job_title, ada.stage, ada.fields) == ("Paris", "CTO", customer, {"a": 2, "b": 1, "c": 2})
    assert (ada.first_name, ada.last_name) == ("Ada", "")


def test_addresses_change_places_where_the_losers_is_chosen_and_both_lead_to_the_winner(ada, old):
    done = merging.merge(ada.pk, old.pk, choices={"email": "loser"})
    settled(ada, old)
    assert (ada.email, old.email) == ("ada@old.example", "ada@example.com")

    for address in ("ada@old.example", "ada@example.com"):
        happen(None, Kind.IDENTIFIED, None, data={"email": address})
    settled()
    assert list(Event.objects.filter(kind=Kind.IDENTIFIED).values_list("contact", flat=True)) == [ada.pk] * 2

    merging.undo(done)
    settled(ada, old)
    assert (ada.email, old.email) == ("ada@example.com", "ada@old.example")


def test_what_was_changed_since_is_left_alone_by_the_undo(ada, old):
    done = merging.merge(ada.pk, old.pk, choices={"email": "loser"})
    Contact.objects.filter(pk=ada.pk).update(email="new@example.com", last_name="Byron")
    merging.undo(done)
    settled(ada, old)

    assert (ada.email, ada.last_name, ada.phone) == ("new@example.com", "Byron", "")
    assert old.email == "ada@old.example"


def test_whoever_came_first_has_been_there_since(ada, old):
    Contact.objects.filter(pk=old.pk).update(created_at=AT)
    done = merging.merge(ada.pk, old.pk)
    was = ada.created_at
    settled(ada)
    assert ada.created_at == AT

    merging.undo(done)
    settled(ada)
    assert ada.created_at == was


# --- permission, segments ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ours", "theirs", "allowed"), [(True, False, False), (False, True, True)])
def test_the_latest_answer_is_in_force_and_none_is_lost(ada, old, ours, theirs, allowed):
    for contact, answer in ((ada, ours), (old, theirs)):
        (consent.give if answer else consent.withdraw)(contact, Purpose.PROFILING)
    merging.merge(ada.pk, old.pk)

    assert consent.allowed(Purpose.PROFILING, [ada.pk]) == ({ada.pk} if allowed else set())
    assert Consent.objects.filter(contact=ada).count() == 2


def test_a_block_of_either_blocks_and_an_unsubscription_outlives_the_undo(ada, old):
    consent.block(old, "email", DoNotContact.Reason.BOUNCED)
    consent.block(old, "sms")
    done = merging.merge(ada.pk, old.pk)
    assert consent.is_blocked(ada, "email")
    happen(ada, Kind.UNSUBSCRIBED)
    settled()
    merging.undo(done)

    assert consent.is_blocked(ada, "email")
    assert not consent.is_blocked(ada, "sms")
    assert (consent.is_blocked(old, "email"), consent.is_blocked(old, "sms")) == (True, True)


def test_a_refusal_said_of_a_mail_to_the_old_address_outlives_the_undo(ada, old, client):
    consent.block(old, "sms")  # by hand, before
    done = merging.merge(ada.pk, old.pk)
    to_old = Ref(old.pk, 0, 0)
    client.post(urlsplit(links.unsubscribe(to_old)).path)
    client.post(urlsplit(links.preferences(to_old)).path, {"shown": ["email.on", "profiling.on"], "on": []})
    settled()
    assert consent.is_blocked(ada, "email")
    assert consent.allowed(Purpose.PROFILING, [ada.pk]) == set()
    merging.undo(done)
    settled(ada, old)

    assert sorted(old.blocks.values_list("channel", "reason")) == [("email", "unsubscribed"), ("sms", "manual")]
    assert list(ada.blocks.values_list("channel", "reason")) == [("email", "unsubscribed")]
    assert Event.objects.get(kind=Kind.UNSUBSCRIBED).contact == old
    assert consent.allowed(Purpose.PROFILING, [ada.pk, old.pk]) == set()


def test_stop_by_sms_holds_for_both_after_the_undo(ada, old):
    done = merging.merge(ada.pk, old.pk)
    consent.block(ada, "sms", DoNotContact.Reason.UNSUBSCRIBED)
    merging.undo(done)

    assert [consent.is_blocked(one, "sms") for one in (ada, old)] == [True, True]


IN, OUT = True, False


@pytest.mark.parametrize(
    ("ours", "theirs", "after"),
    [
        (None, (IN, "form"), (IN, "form")),
        ((IN, "rule"), (OUT, "manual"), (OUT, "manual")),
        ((OUT, "manual"), (IN, "trigger"), (OUT, "manual")),
        ((IN, "trigger"), (OUT, "manual"), (OUT, "manual")),
        ((IN, "trigger"), (OUT, "campaign"), (OUT, "campaign")),  # the later of equals
    ],
)
def test_the_stronger_decision_about_a_segment_holds(ada, old, ours, theirs, after):
    dinner = SegmentFactory()
    for contact, standing in ((ada, ours), (old, theirs)):
        if standing:
            Membership.objects.create(segment=dinner, contact=contact, is_member=standing[0], reason=standing[1])
    done = merging.merge(ada.pk, old.pk)
    assert list(Membership.objects.filter(contact=ada).values_list("is_member", "reason")) == [after]

    merging.undo(done)
    assert list(Membership.objects.filter(contact=ada).values_list("is_member", "reason")) == (
        [ours] if ours and ours[1] != "rule" else []
    )


# --- triggers and campaigns -------------------------------------------------------------------------------------------


@pytest.fixture
def hot(publish):
    """Each download is 10 points; at 20 a trigger adds a tag."""
    publish(10, repeat=Repeat.ONCE_PER_OBJECT)
    trigger = TriggerFactory(name="Hot", threshold=20)
    TriggerAction.objects.create(trigger=trigger, type="change_tags", params={"add": [TagFactory(name="hot").pk]})
    return trigger


def firings(contact):
    return list(Firing.objects.filter(contact=contact).order_by("cycle").values_list("cycle", "state"))


def test_what_the_union_crosses_waits_for_release_and_acts_once(ada, old, hot):
    download(ada, subject("guide"))
    download(old, subject("prices"))
    settled()
    assert Firing.objects.count() == 0

    found = merging.preview(ada.pk, old.pk)
    assert found.consequences == ["The score crosses “Hot”."]
    assert ("Overall score", "10", "10", "20") in found.figures
    assert (Firing.objects.count(), Merge.objects.count(), score(ada)) == (0, 0, 10)

    done = merging.merge(ada.pk, old.pk)
    settled()
    assert firings(ada) == [(1, "held")]
    triggers.release(Firing.objects.all(), None)
    settled()
    assert Delivery.objects.filter(contact=ada).count() == 1

    merging.undo(done)
    settled()
    assert (score(ada), score(old)) == (10, 10)
    assert firings(ada) == [(1, "fired")]


def test_once_has_fired_for_the_union_where_it_fired_for_either(ada, old, hot):
    download(old, subject("guide"))
    download(old, subject("prices"))
    settled()
    assert firings(old) == [(1, "fired")]

    merging.merge(ada.pk, old.pk)
    download(ada, subject("tour"))
    settled()

    assert (firings(ada), firings(old)) == ([(1, "fired")], [])
    assert Delivery.objects.get().contact == ada


def test_what_waits_for_both_is_done_once(ada, old, hot):
    for contact in (ada, old):
        for name in ("guide", "prices"):
            download(contact, subject(f"{name} {contact.pk}"))
    settled()
    assert Delivery.objects.filter(state="queued").count() == 2

    done = merging.merge(ada.pk, old.pk)
    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["queued", "cancelled"]
    assert firings(ada) == [(1, "fired"), (2, "fired")]

    merging.undo(done)
    assert list(Delivery.objects.order_by("pk").values_list("state", "contact")) == [
        ("queued", ada.pk),
        ("queued", old.pk),
    ]
    assert (firings(ada), firings(old)) == ([(1, "fired")], [(1, "fired")])


def test_merges_into_one_winner_are_undone_in_any_order(ada, old, hot):
    """Each who fired has that firing back; the later merge renumbered what the earlier one had brought."""
    third = ContactFactory()
    for contact in (third, ada, old):
        for name in ("guide", "prices"):
            download(contact, subject(f"{name} {contact.pk}"))
        settled()
    whose = dict(Firing.objects.values_list("pk", "contact"))

    first, second = merging.merge(ada.pk, old.pk), merging.merge(ada.pk, third.pk)
    merging.undo(first)
    settled()
    assert [len(firings(contact)) for contact in (ada, old, third)] == [2, 1, 0]
    merging.undo(second)
    settled()

    assert [firings(contact) for contact in (ada, old, third)] == [[(1, "fired")]] * 3
    assert dict(Firing.objects.values_list("pk", "contact")) == whose


def test_of_two_ways_through_a_campaign_the_one_further_along_goes_on(ada, old):
    campaign = CampaignFactory()
    enrolments.enrol(campaign, [ada.pk, old.pk], "manual")
    Enrolment.objects.filter(contact=old).update(position=3)
    before = list(Enrolment.objects.order_by("pk").values())
    done = merging.merge(ada.pk, old.pk)

    found = Enrolment.objects.filter(contact=ada).order_by("cycle")
    assert list(found.values_list("cycle", "state", "position")) == [(1, "left", 0), (2, "active", 3)]
    assert enrolments.enrol(campaign, [ada.pk], "manual") == 0

    merging.undo(done)
    assert list(Enrolment.objects.order_by("pk").values()) == before


# --- what cannot be done, and what is done again ----------------------------------------------------------------------


def test_a_contact_is_not_merged_with_itself_with_nobody_or_into_one_who_is_gone(ada, old):
    third = ContactFactory()
    for winner, loser in ((ada.pk, ada.pk), (ada.pk, 10**9)):
        with pytest.raises(MergeError):
            merging.merge(winner, loser)
    merging.merge(ada.pk, old.pk)
    for winner, loser in ((old.pk, third.pk), (old.pk, ada.pk), (third.pk, old.pk)):
        with pytest.raises(MergeError):
            merging.merge(winner, loser)

    assert Merge.objects.count() == 1


def test_merging_or_undoing_twice_is_once(ada, old, publish):
    publish(5)
    download(old, subject("guide"))
    settled()
    first, second = (merging.merge(ada.pk, old.pk) for _ in range(2))
    assert first == second
    for _ in range(2):
        merging.undo(Merge.objects.get())
    settled(old)

    assert (score(ada), score(old), old.merged_into) == (0, 5, None)


def test_merges_of_merges_lead_to_the_last_and_are_undone_from_the_last(ada, old, publish):
    publish(5, repeat=Repeat.ALWAYS)
    third, guide = ContactFactory(), subject("guide")
    for contact in (ada, old, third):
        download(contact, guide)
    settled()
    inner = merging.merge(ada.pk, old.pk)
    outer = merging.merge(third.pk, ada.pk)
    download(old, guide)
    settled(old, third)
    assert (score(third), old.merged_into) == (20, third)

    with pytest.raises(MergeError):
        merging.undo(inner)
    merging.undo(outer)
    settled(old)
    assert old.merged_into == ada
    merging.undo(inner)
    settled(ada, old)
    assert [score(contact) for contact in (ada, old, third)] == [5, 10, 5]


def test_whoever_is_deleted_is_deleted_with_all_they_were(ada, old):
    merging.merge(ada.pk, old.pk)
    ada.delete()

    assert Contact.objects.count() == 0


def test_profile_lines_go_on_from_when_they_began(ada, old, publish):
    publish(7, source="profile_matches", params={"conditions": {"all": [FRENCH]}})
    Contact.objects.filter(pk=old.pk).update(country="FR")
    settled()
    began = PointEntry.objects.get(contact=old).first_at

    done = merging.merge(ada.pk, old.pk)
    settled()
    assert PointEntry.objects.get().first_at == began
    merging.undo(done)
    settled()

    assert list(PointEntry.objects.values_list("contact", "first_at")) == [(old.pk, began)]
    assert list(Holding.objects.filter(until=None).values_list("contact", "first_at")) == [(old.pk, began)]


def test_what_was_confirmed_from_a_mail_to_the_old_address_goes_back_with_it(ada, old):
    form = FormFactory(name="Newsletter", double_opt_in=True)
    consent.block(old, "email", DoNotContact.Reason.UNSUBSCRIBED)
    merge = merging.merge(ada.pk, old.pk)
    asked = {
        "consents": {"email": "News"},
        "asked_at": timezone.now(),
        "expires_at": timezone.now() + timedelta(days=1),
    }
    waiting = Confirmation.objects.create(key=uuid4(), form=form, contact=old, email=old.email, **asked)
    assert double_opt_in.confirm(waiting, None)
    assert (Consent.objects.get().contact, consent.is_blocked(ada, "email")) == (ada, False)
    merging.undo(merge)

    assert Consent.objects.get().contact == old
    assert not consent.is_blocked(old, "email")
