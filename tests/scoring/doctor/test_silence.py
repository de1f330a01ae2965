"""Rules that nothing matches are found; what is young, off or over is left in peace."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config import pipeline
from scoring import rules
from scoring.doctor import Severity, examine
from scoring.models import Publication
from tests.factories import ContactFactory, TagFactory
from tests.scoring.conftest import happen, subject
from tests.scoring.doctor.finding import FRENCH, ago, downloads, told
from tracking.models import Kind

pytestmark = pytest.mark.django_db


def test_a_rule_that_nothing_matched_for_half_a_year_is_found(publish):
    rule = publish()
    downloads([181])

    assert told() == [
        ("silent_rule", Severity.WARNING, "“asset_downloaded +5” has matched nothing for 180 days.", (rule,))
    ]


def test_a_rule_that_somebody_matched_in_half_a_year_is_in_peace_even_where_it_paid_nothing(publish):
    publish()  # once per contact: the second download brings nothing, but matches
    downloads([300, 179])

    assert told() == []


def test_events_of_others_kinds_and_of_machines_do_not_count(publish):
    rule = publish(source="email_opened")
    mail = subject("letter", "email")
    contact = ContactFactory()
    happen(contact, Kind.EMAIL_SENT, mail, ago(3))
    pipeline.drain()

    assert [(what, rows) for _key, _severity, what, rows in told()] == [
        ("“email_opened +5” has matched nothing for 180 days.", (rule,))
    ]


def test_a_young_rule_is_given_time(publish):
    publish(since=ago(179))

    assert told() == []


def test_a_rule_published_for_the_past_too_is_as_young_as_that(publish, engagement):
    action = publish(since=ago(10))
    version = rules.draft(action, action, None)
    rules.put_into_force(action, version, ago(5), Publication.Scope.PAST)
    assert action.versions.get(pk=version.pk).valid_from < ago(5)

    assert told() == []


def test_other_points_do_not_make_a_rule_young_other_filters_do(publish):
    action = publish()
    action.points = 7
    action.save()
    rules.publish(action, since=ago(20))
    assert [key for key, *_rest in told()] == ["silent_rule"]

    action.params = {"only": [subject("guide").pk]}
    action.save()
    rules.publish(action, since=ago(10))
    assert told() == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"archived_at": timezone.now()}])
def test_a_rule_that_is_off_is_not_examined(publish, change):
    action = publish()
    for name, value in change.items():
        setattr(action, name, value)
    action.save()
    rules.publish(action)

    assert told() == []


def test_a_rule_whose_time_is_over_or_has_only_begun_is_not_examined(publish):
    publish(active_until=ago(1))
    publish(active_from=ago(100))

    assert told() == []


def test_a_profile_rule_that_is_true_of_nobody_is_found(publish):
    rule = publish(source="profile_matches", params={"conditions": FRENCH})
    ContactFactory(country="BE")
    pipeline.drain()

    assert told() == [
        ("silent_rule", Severity.WARNING, "“profile_matches +5” has been true of nobody for 180 days.", (rule,))
    ]


def test_a_profile_rule_that_was_true_of_somebody_lately_is_in_peace(publish):
    publish(source="profile_matches", params={"conditions": FRENCH})
    contact = ContactFactory(country="FR")
    pipeline.drain()
    assert told() == []

    contact.country = "BE"
    contact.save()
    pipeline.drain()
    assert told() == []


def test_what_the_doctor_asks_does_not_grow_with_the_rules(publish):
    guide = subject("guide")
    publish(expires_after_days=1)
    downloads([50, 3], asset=guide)
    with CaptureQueriesContext(connection) as few:
        assert len(examine()) == 1
    for _number in range(4):
        publish(expires_after_days=1)
    publish(source="form_submitted")
    downloads([50, 3], asset=guide)
    with CaptureQueriesContext(connection) as many:
        assert len(examine()) == 6  # one is silent, too

    assert len(many) <= len(few) + 2  # the wording of what is silent


def test_tags_are_not_needed_for_any_of_this(publish):
    TagFactory()
    assert told() == []
