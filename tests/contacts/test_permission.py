"""Consent and blocks, tags and stages: the small verbs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts import consent, holding, stages, tagging
from contacts.models import Change, Channel, Consent, Contact, ContactTag, DoNotContact, Tag
from tests.factories import ContactFactory, StageFactory, TagFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db):
    return ContactFactory.create_batch(3)


def test_the_latest_answer_is_in_force(people, settings, django_assert_num_queries):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    yes, no, silent = people
    consent.withdraw(yes, "web_tracking")
    consent.give(yes, "web_tracking", "I agree", "Form", "203.0.113.77")
    consent.give(no, "profiling")
    consent.withdraw(no, "profiling")
    Consent.objects.create(contact=no, purpose="profiling", granted=True, given_at=timezone.now() - timedelta(days=1))
    ids = [contact.pk for contact in people]

    with django_assert_num_queries(1):
        assert consent.allowed("web_tracking", ids) == {yes.pk}
    assert consent.allowed("profiling", ids) == {yes.pk, silent.pk}
    assert consent.allowed("profiling", []) == set()


@pytest.mark.parametrize(
    ("ip", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3::4", "2001:db8:1::"),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_the_address_is_kept_shortened(people, ip, kept):
    assert consent.give(people[0], "profiling", ip=ip).ip == kept


def test_blocking_is_idempotent_and_the_first_reason_stays(people):
    contact = people[0]

    assert consent.block(contact, Channel.EMAIL, DoNotContact.Reason.UNSUBSCRIBED) is True
    assert consent.block(contact.pk, Channel.EMAIL, DoNotContact.Reason.MANUAL) is False

    assert list(DoNotContact.objects.values_list("channel", "reason")) == [("email", "unsubscribed")]
    assert (consent.is_blocked(contact, "email"), consent.is_blocked(contact, "sms")) == (True, False)
    assert consent.blocked("email", [one.pk for one in people]) == {contact.pk}
    assert [consent.unblock(contact, "email"), consent.unblock(contact, "email")] == [True, False]


def test_tags_are_found_whatever_their_case_and_made_where_missing():
    TagFactory(name="VIP")

    assert sorted(tag.name for tag in tagging.named([" vip ", "Press", "press", "", "x" * 90])) == [
        "Press",
        "VIP",
        "x" * 80,
    ]
    assert Tag.objects.count() == 3


def test_adding_and_removing_tags_counts_what_changed(people):
    tags = TagFactory.create_batch(2)

    assert tagging.add([people[0].pk], tags[:1]) == 1
    assert tagging.add(Contact.objects.all(), tags) == 5
    assert tagging.add(Contact.objects.all(), tags) == 0
    assert tagging.add([], tags) == 0
    assert tagging.remove([people[0].pk], tags) == 2
    assert ContactTag.objects.count() == 4


def test_a_stage_is_set_and_may_only_go_forwards(people):
    lead, client, fan = (StageFactory(position=position) for position in range(3))
    ids = [contact.pk for contact in people]
    assert stages.set_stage(ids[:1], fan) == 1
    assert stages.set_stage(ids[:2], client, forward_only=True) == 1
    assert stages.set_stage(ids, client, forward_only=True) == 1
    assert stages.set_stage(Contact.objects.all(), client) == 1
    assert stages.set_stage(ids, client) == 0
    assert stages.set_stage(ids, lead, forward_only=True) == 0
    assert stages.set_stage(ids[:1], None) == 1

    assert list(Contact.objects.order_by("pk").values_list("stage", flat=True)) == [None, client.pk, client.pk]


def test_what_changes_within_held_is_held_and_what_follows_is_not(people):
    Change.objects.all().delete()
    tag = TagFactory()

    with holding.held():
        tagging.add([people[0].pk], [tag])
        with holding.held():
            tagging.add([people[1].pk], [tag])
        tagging.remove([people[0].pk], [tag])
    tagging.add([people[2].pk], [tag])

    assert list(Change.objects.order_by("id").values_list("kind", "held")) == [
        ("tagged", True),
        ("tagged", True),
        ("untagged", True),
        ("tagged", False),
    ]


def test_an_error_within_held_leaves_nothing_held(people):
    tag = TagFactory()
    Change.objects.all().delete()

    with pytest.raises(ZeroDivisionError), holding.held():
        raise ZeroDivisionError
    tagging.add([people[0].pk], [tag])

    assert list(Change.objects.values_list("held", flat=True)) == [False]
