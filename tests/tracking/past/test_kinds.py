"""The past is what conditions found then: one kind of data after the other."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from config import pipeline
from contacts import conditions, segments
from contacts.models import Consent, Contact, Membership
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    SubjectFactory,
    TagFactory,
    UserFactory,
)
from tests.tracking.past.rewinding import country, noted_at, opened, rule
from tracking import past

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["as events", "still waiting"])
def passing(request):
    """passing(): the instant between what was done before and what will be; changes may become events or wait."""

    def passing():
        if request.param == "as events":
            pipeline.drain()
        return timezone.now()

    return passing


def test_a_column_has_the_old_value_of_its_first_change_since(ada, passing):
    one = passing()
    Contact.objects.filter(pk=ada.pk).update(country="DE", city="Bonn")
    two = passing()
    Contact.objects.filter(pk=ada.pk).update(country="IT")
    three = passing()

    found = [[past.matching(country(code), at) for code in ("FR", "DE", "IT")] for at in (one, two, three)]
    assert found == [[{ada.pk}, set(), set()], [set(), {ada.pk}, set()], [set(), set(), {ada.pk}]]
    assert [past.matching(rule("field", "empty", field="city"), at) for at in (one, two)] == [{ada.pk}, set()]


def test_columns_that_point_elsewhere(ada, passing):
    acme, owner, lead, client = CompanyFactory(name="Acme"), UserFactory(), *StageFactory.create_batch(2)
    trees = [
        rule("company", "is", "acme", field="name"),
        rule("field", "is", owner.pk, field="owner"),
        rule("stage", "reached", lead.pk),
        rule("stage", "is", client.pk),
    ]
    one = passing()
    Contact.objects.filter(pk=ada.pk).update(company=acme, owner=owner, stage=lead)
    two = passing()
    Contact.objects.filter(pk=ada.pk).update(company=None, owner=None, stage=client)
    passing()

    assert [[bool(past.matching(tree, at)) for tree in trees] for at in (one, two)] == [
        [False, False, False, False],
        [True, True, True, False],
    ]


def test_custom_fields(ada, passing):
    CustomFieldFactory(key="size")
    CustomFieldFactory(key="age", type="integer")
    one = passing()
    Contact.objects.filter(pk=ada.pk).update(fields={"size": "Large", "age": 40})
    two = passing()
    Contact.objects.filter(pk=ada.pk).update(fields={"size": "Small"})
    passing()

    large, old = rule("custom", "is", "large", field="size"), rule("custom", "at_least", 40, field="age")
    assert [past.matching({"all": [large, old]}, at) for at in (one, two)] == [set(), {ada.pk}]
    assert past.matching({"not": {"any": [large, old]}}, one) == {ada.pk}


def test_contacts_exist_from_their_creation_on(ada, passing):
    one = passing()
    bob = ContactFactory(country="FR")
    two = passing()

    assert [past.matching({}, at) for at in (one, two)] == [{ada.pk}, {ada.pk, bob.pk}]


def test_deleted_contacts_are_gone(ada, passing):
    one = passing()
    ada.tags.add(TagFactory())
    passing()
    ada.delete()
    passing()

    assert past.matching({}, one) == set()


def test_merged_contacts_stand_for_themselves_again(ada, passing):
    bob = ContactFactory(country="FR")
    one = passing()
    Contact.objects.filter(pk=bob.pk).update(merged_into=ada)
    two = passing()

    assert [past.matching({}, at) for at in (one, two)] == [{ada.pk, bob.pk}, {ada.pk}]


def test_tags_come_and_go(ada, passing):
    vip, other = TagFactory(), TagFactory()
    ada.tags.add(other)
    moments = [passing()]
    for _ in range(2):
        ada.tags.add(vip)
        moments.append(passing())
        ada.tags.remove(vip)
        moments.append(passing())

    assert [bool(past.matching(rule("tag", "is", vip.pk), at)) for at in moments] == [False, True, False, True, False]
    assert {frozenset(past.matching(rule("tag", "is", other.pk), at)) for at in moments} == {frozenset([ada.pk])}


def test_a_deleted_tag_was_there(ada, passing):
    vip = TagFactory()
    ada.tags.add(vip)
    one = passing()
    vip.delete()
    passing()

    assert past.matching(rule("tag", "not_empty"), one) == {ada.pk}


def test_memberships_come_and_go_whatever_becomes_of_their_rows(ada, passing):
    dinner = SegmentFactory()
    moments = [passing()]
    for change in (
        lambda: segments.add(dinner, [ada.pk]),
        lambda: segments.remove(dinner, [ada.pk]),  # deletes nothing: the row says that somebody decided so
        lambda: segments.add(dinner, [ada.pk]),
        lambda: Membership.objects.all().delete(),
    ):
        change()
        moments.append(passing())
        found = [bool(past.matching(rule("segment", "is", dinner.pk), at)) for at in moments]
        assert found == [False, True, False, True, False][: len(moments)]


def test_dynamic_segments_are_rewound_by_who_entered_and_left(ada):
    germans = SegmentFactory(conditions=country("DE"))
    pipeline.drain()
    one = timezone.now()
    Contact.objects.filter(pk=ada.pk).update(country="DE")
    pipeline.drain()
    two = timezone.now()
    Contact.objects.filter(pk=ada.pk).update(country="FR")
    pipeline.drain()

    in_it = rule("segment", "is", germans.pk)
    assert [past.matching(in_it, at) for at in (one, two, timezone.now())] == [set(), {ada.pk}, set()]


def test_blocks_come_and_go_by_channel(ada, passing):
    one = passing()
    ada.blocks.create(channel="sms", reason="manual")
    two = passing()
    ada.blocks.create(channel="email", reason="bounced")
    ada.blocks.filter(channel="sms").delete()
    three = passing()

    trees = [rule("blocked", "is", "sms"), rule("blocked", "is", "email"), rule("blocked", "is")]
    assert [[bool(past.matching(tree, at)) for tree in trees] for at in (one, two, three)] == [
        [False, False, False],
        [True, False, True],
        [False, True, True],
    ]


def test_the_latest_answer_then_is_the_consent_then(ada):
    now = timezone.now()
    for days, granted in ((30, True), (20, False), (10, True)):
        Consent.objects.create(contact=ada, purpose="profiling", granted=granted, given_at=now - timedelta(days=days))
    Contact.objects.filter(pk=ada.pk).update(created_at=now - timedelta(days=50))

    words = ("given", "refused", "unasked")
    found = [
        [word for word in words if past.matching(rule("consent", word, "profiling"), now - timedelta(days=days))]
        for days in (40, 25, 15, 5)
    ]
    assert found == [["unasked"], ["given"], ["refused"], ["given"]]


def test_behaviour_is_what_had_happened_whenever_it_was_received(settings):
    settings.CONSENT_REQUIRED = []
    now, email = timezone.now(), SubjectFactory()
    ada = ContactFactory(created_at=now - timedelta(days=90))
    for days in (60, 30):
        opened(ada, email, now - timedelta(days=days))
    pipeline.drain()

    def when(**values):
        did = rule("email_opened", "did", subject=email.pk, **values)
        return [days for days in (70, 50, 20, 0) if past.matching(did, now - timedelta(days=days))]

    assert (when(), when(times=2), when(days=35)) == ([50, 20, 0], [20, 0], [50, 20, 0])
    assert (when(days=15), when(days=5)) == ([50, 20], [])
    assert past.matching(rule("email_opened", "did_not"), now - timedelta(days=70)) == {ada.pk}


def test_days_are_counted_from_that_day_in_the_time_zone_of_the_instance():
    made = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # 2 March in Paris
    ada = ContactFactory(created_at=made)
    fresh = rule("field", "last_days", 1, field="created_at")

    at = [made - timedelta(seconds=1), made, datetime(2026, 3, 3, 22, tzinfo=UTC), datetime(2026, 3, 3, 23, tzinfo=UTC)]
    assert [past.matching(fresh, moment) for moment in at] == [set(), {ada.pk}, {ada.pk}, set()]


def test_of_changes_noted_at_the_same_time_the_first_noted_counts(ada, passing):
    before, at, vip = timezone.now(), timezone.now() + timedelta(days=1), TagFactory()
    with noted_at(at):
        Contact.objects.filter(pk=ada.pk).update(country="DE")
        Contact.objects.filter(pk=ada.pk).update(country="IT")
        ada.tags.add(vip)
        ada.tags.remove(vip)
    passing()

    assert past.matching(country("FR"), before) == {ada.pk}
    assert past.matching(rule("tag", "is", vip.pk), before) == set()
    assert past.matching(country("IT"), at) == {ada.pk}  # what is noted at the instant itself has happened


def test_of_some_contacts_alone(ada, passing):
    bob, carl = ContactFactory(country="FR"), ContactFactory(country="FR")
    one = passing()
    Contact.objects.update(country="DE")
    passing()

    assert past.matching(country("FR"), one, [ada.pk, carl.pk, carl.pk, 10**15]) == {ada.pk, carl.pk}
    assert past.matching(country("FR"), one, []) == set()
    with past.as_of(one, [bob.pk]):
        assert list(Contact.objects.values_list("pk", "country")) == [(bob.pk, "FR")]


def test_many_questions_about_one_instant(ada, passing):
    one = passing()
    ada.tags.add(TagFactory())
    Contact.objects.filter(pk=ada.pk).update(country="DE")
    passing()

    with past.as_of(one):
        assert list(conditions.matching(country("FR"))) == [ada]
        assert list(conditions.matching(rule("tag", "not_empty"))) == []
        assert Contact.objects.get().country == "FR"
        assert list(ada.tags.all()) == []
    assert Contact.objects.get().country == "DE"
