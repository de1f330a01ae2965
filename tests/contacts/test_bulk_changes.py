"""What is done to many contacts at once from their list."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from contacts.models import Change
from tests.factories import ContactFactory, SegmentFactory, StageFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = "admin:contacts_contact_changelist"


def run(client, action, contacts, **more):
    data = {"action": action, "index": "0", "_selected_action": [contact.pk for contact in contacts], **more}
    return client.post(reverse(LIST), data, follow=True)


def test_a_bulk_change_asks_first_then_says_how_many_and_is_held(marketer):
    contacts, tag = ContactFactory.create_batch(3), TagFactory(name="VIP")
    Change.objects.all().delete()

    page = run(marketer, "add_tags", contacts[:2]).content.decode()
    assert "2 contacts" in page
    assert not tag.contacts.exists()

    answer = run(marketer, "add_tags", contacts[:2], apply="1", rows=[tag.pk])
    assert "2 tags added." in answer.content.decode()
    assert tag.contacts.count() == 2
    assert list(Change.objects.values_list("kind", "held")) == [("tagged", True)] * 2


def test_every_bulk_change_works_on_everybody_who_is_filtered(marketer):
    contacts, tag, segment, stage = ContactFactory.create_batch(3), TagFactory(), SegmentFactory(), StageFactory()
    everybody = {"select_across": "1", "apply": "1"}

    run(marketer, "add_tags", contacts[:1], rows=[tag.pk], **everybody)
    run(marketer, "add_segments", contacts[:1], rows=[segment.pk], **everybody)
    run(marketer, "set_stage", contacts[:1], rows=stage.pk, forward_only="on", **everybody)
    assert (tag.contacts.count(), segment.memberships.count(), stage.contacts.count()) == (3, 3, 3)
    assert set(segment.memberships.values_list("reason", "note")) == {("manual", "manon")}

    run(marketer, "remove_tags", contacts[:1], rows=[tag.pk], apply="1")
    run(marketer, "remove_segments", contacts[:1], rows=[segment.pk], apply="1")
    assert (tag.contacts.count(), segment.memberships.filter(is_member=True).count()) == (2, 2)


def test_bulk_changes_need_the_right_to_change(viewer):
    contact, tag = ContactFactory(), TagFactory()

    run(viewer, "add_tags", [contact], apply="1", rows=[tag.pk])

    assert not tag.contacts.exists()


@pytest.mark.parametrize(("rights", "members"), [(["change_contact"], 0), (["change_contact", "change_segment"], 1)])
def test_who_is_in_a_segment_needs_the_right_to_change_segments(client, rights, members):
    contact, segment, user = ContactFactory(), SegmentFactory(), UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "view_segment", *rights]))
    client.force_login(user)

    run(client, "add_segments", [contact], apply="1", rows=[segment.pk])

    assert segment.memberships.count() == members


def test_chosen_contacts_are_exported(marketer):
    contacts = ContactFactory.create_batch(2)

    answer = run(marketer, "export_chosen", contacts[:1])

    assert len(b"".join(answer.streaming_content).decode().splitlines()) == 2
