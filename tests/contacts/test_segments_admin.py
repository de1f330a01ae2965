"""The pages of segments: they are filled, decided by hand and archived; their builder counts and says what is wrong."""

import json

import pytest
from django.urls import reverse

from contacts import segments
from contacts.models import Change, Membership, Segment, Tag
from tests.contacts.conftest import full
from tests.factories import ContactFactory, SegmentFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


# Segments


def segment_form(**values):
    return {"name": "French", "description": "", "is_dynamic": "on", "conditions": json.dumps(FRENCH), **values}


def test_saving_a_dynamic_segment_fills_it(marketer):
    contact = ContactFactory(country="FR")

    marketer.post(reverse("admin:contacts_segment_add"), segment_form())

    assert list(Membership.objects.values_list("contact", "reason")) == [(contact.pk, "rule")]
    assert Change.objects.get(kind="entered").held is True


def test_a_circle_is_a_form_error(marketer):
    first = SegmentFactory(name="A", conditions=FRENCH)
    second = SegmentFactory(name="B", conditions={"filter": "segment", "op": "is", "value": first.pk})
    circle = json.dumps({"filter": "segment", "op": "is", "value": second.pk})

    answer = marketer.post(
        reverse("admin:contacts_segment_change", args=[first.pk]), segment_form(name="A", conditions=circle)
    )

    assert "A segment cannot depend on itself: A → B → A." in answer.content.decode()
    first.refresh_from_db()
    assert first.conditions == FRENCH


def test_members_are_listed_with_their_reason_and_decided_by_hand(marketer):
    segment = SegmentFactory(conditions=FRENCH)
    anne, bob = ContactFactory(email="anne@example.com", country="FR"), ContactFactory(email="bob@example.com")
    segments.rebuild(segment)
    address = reverse("admin:contacts_segment_members", args=[segment.pk])
    assert "Conditions" in marketer.get(address).content.decode()

    marketer.post(address, {"verb": "add", "contacts": [bob.pk]})
    marketer.post(address, {"verb": "remove", "contacts": [anne.pk]})
    rows = list(Membership.objects.order_by("contact__email").values_list("is_member", "reason", "note"))
    assert rows == [(False, "manual", "manon"), (True, "manual", "manon")]
    assert "anne@example.com" in marketer.get(address + "?show=out").content.decode()

    marketer.post(address, {"verb": "undecide", "contacts": [anne.pk, bob.pk]})
    assert list(Membership.objects.values_list("contact", "reason")) == [(anne.pk, "rule")]
    assert marketer.post(address, {"verb": "add"}, follow=True).status_code == 200


def test_members_ask_as_often_for_three_as_for_one(marketer, django_assert_num_queries):
    segment = SegmentFactory()
    segments.add(segment, [full().pk])
    address = reverse("admin:contacts_segment_members", args=[segment.pk])
    marketer.get(address)
    with django_assert_num_queries(5):  # session, user, segment, count, members
        marketer.get(address)
    segments.add(segment, [full().pk, full().pk])
    with django_assert_num_queries(5):
        marketer.get(address)


def test_viewers_see_members_and_decide_nothing(viewer):
    segment, contact = SegmentFactory(), ContactFactory()
    address = reverse("admin:contacts_segment_members", args=[segment.pk])

    assert viewer.get(address).status_code == 200
    assert viewer.post(address, {"verb": "add", "contacts": [contact.pk]}).status_code == 403
    assert not Membership.objects.exists()


def test_segments_are_archived_not_deleted(marketer):
    segment = SegmentFactory()
    address = reverse("admin:contacts_segment_changelist")

    assert marketer.post(reverse("admin:contacts_segment_delete", args=[segment.pk])).status_code == 403
    marketer.post(address, {"action": "archive", "index": "0", "_selected_action": [segment.pk]})
    assert Segment.objects.get().archived_at is not None
    assert marketer.get(address).context["cl"].result_count == 0

    marketer.post(f"{address}?archived=yes", {"action": "restore", "index": "0", "_selected_action": [segment.pk]})
    assert Segment.objects.get().archived_at is None


# The builder


def count(client, body, query=""):
    address = reverse("admin:contacts_segment_count") + query
    return client.post(address, body, content_type="application/json")


def test_the_builder_counts_who_matches(viewer):
    ContactFactory(country="FR")

    assert count(viewer, json.dumps(FRENCH)).json() == {
        "count": 1,
        "sentence": "1 contact matches.",
        "words": "country is France",
    }
    assert count(viewer, "{}").json()["words"] == "everybody"


@pytest.mark.parametrize("body", ["", "{", "\xff", "[" * 50_000, "x" * 300_000])
def test_what_is_no_json_is_a_400(viewer, body):
    assert count(viewer, body).status_code == 400


def test_the_builder_says_what_is_wrong(viewer):
    answer = count(viewer, '{"filter": "email_opened", "op": "did"}', "?profile_only=1")

    assert answer.json() == {
        "errors": ["Conditions: opened an email: only a contact's own data can be asked about here."]
    }


def test_counting_needs_the_right_to_see_contacts(client):
    client.force_login(UserFactory())

    assert count(client, "{}").status_code == 403
    assert client.get(reverse("admin:contacts_segment_spec")).status_code == 403


def test_the_spec_offers_every_filter_and_only_profiles_where_asked(viewer):
    TagFactory(name="VIP")
    address = reverse("admin:contacts_segment_spec")

    everything, profile = viewer.get(address).json(), viewer.get(address + "?profile_only=1").json()

    def offered(spec):
        return {entry["rule"]["filter"] for family in spec["families"] for entry in family["entries"]}

    assert {"field", "company", "tag", "score", "email_opened", "page_visited"} <= offered(everything)
    assert offered(profile) == {"field", "company", "tag", "segment", "stage", "consent", "blocked"}
    assert [[Tag.objects.get().pk, "VIP"]] in everything["choices"].values()
