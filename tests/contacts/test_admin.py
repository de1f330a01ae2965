import json

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contacts import columns, panels, segments
from contacts.admin_base import CappedPaginator
from contacts.models import Change, Contact, CustomField, Membership, Segment, Tag
from contacts.search import search
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
LIST = "admin:contacts_contact_changelist"


@pytest.fixture
def viewer(client):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "view_segment"]))
    client.force_login(user)
    return client


def full(**values):
    contact = ContactFactory(company=CompanyFactory(), stage=StageFactory(), owner=UserFactory(), **values)
    contact.tags.set(TagFactory.create_batch(2))
    return contact


# The list


def test_the_list_asks_as_often_for_three_contacts_as_for_one(marketer, django_assert_num_queries):
    full()
    marketer.get(reverse(LIST))
    # session, user, groups, bounds, 4 filters, count, the best, who is not, contacts, tags
    with django_assert_num_queries(13):
        marketer.get(reverse(LIST))
    full()
    full()
    with django_assert_num_queries(13):
        marketer.get(reverse(LIST))


def test_the_list_counts_no_further_than_it_must(monkeypatch):
    monkeypatch.setattr(CappedPaginator, "limit", 2)
    ContactFactory.create_batch(3)

    paginator = CappedPaginator(Contact.objects.order_by("pk"), 1)

    assert (paginator.count, paginator.num_pages, paginator.is_capped) == (2, 2, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("anne", "anne"),
        ("LE GOFF anne", "anne"),
        ("612345", "anne"),
        ("acme", "anne"),
        ("acme anne@", "anne"),
        ("acme bob", ""),
        ("%", ""),
        ("\x00", "anne bob"),
        ("'; --", ""),
    ],
)
def test_search_finds_every_word_in_name_email_phone_or_company(text, wanted):
    acme = CompanyFactory(name="Acme")
    ContactFactory(email="anne@example.com", first_name="Anne", last_name="Le Goff", phone="+33612345678", company=acme)
    ContactFactory(email="bob@example.com")

    found = search(Contact.objects.order_by("email"), text)

    assert [contact.email.split("@")[0] for contact in found] == wanted.split()


def test_the_search_index_is_made_of_the_expression_that_is_searched():
    with connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan"):  # leaves the bitmap of a GIN index, if it can be used
            cursor.execute(f"SET LOCAL enable_{way} = off")

    assert "contact_by_any_part" in search(Contact.objects.order_by(), "anne").explain()


@pytest.mark.parametrize("query", ["stage=x", "tag=99999999999999999999", "segment=%00", "p=-1", "o=99", "nonsense=1"])
def test_nonsense_in_the_address_is_no_error(marketer, query):
    assert marketer.get(f"{reverse(LIST)}?{query}", follow=True).status_code == 200


def test_the_list_filters_by_segment_tag_stage_owner_and_block(marketer):
    anne, bob = full(email="anne@example.com"), ContactFactory(email="bob@example.com")
    segment = SegmentFactory()
    segments.add(segment, [anne.pk])
    anne.blocks.create(channel="sms", reason="manual")

    def shown(query):
        rows = marketer.get(f"{reverse(LIST)}?{query}").context["cl"].result_list
        return [contact.email.split("@")[0] for contact in rows]

    assert shown(f"segment={segment.pk}") == ["anne"]
    assert shown(f"tag={anne.tags.first().pk}") == ["anne"]
    assert (shown(f"stage={anne.stage_id}"), shown("stage=none")) == (["anne"], ["bob"])
    assert (shown(f"owner={anne.owner_id}"), shown("owner=none")) == (["anne"], ["bob"])
    assert (shown("blocked=sms"), shown("blocked=none")) == (["anne"], ["bob"])
    assert bob.pk


def test_columns_of_other_apps_are_shown_to_those_who_may_see_them(viewer, monkeypatch):
    ContactFactory(email="anne@example.com")
    for permission, title in [("", "Karma"), ("scoring.view_contactscore", "Secret")]:
        column = columns.Column(title, title, lambda rows: rows, lambda contact: 4711, permission=permission)
        monkeypatch.setitem(columns.columns._types, title, column)

    page = viewer.get(reverse(LIST)).content.decode()

    assert ("Karma" in page, "4711" in page, "Secret" in page) == (True, True, False)


# The page


def test_the_page_shows_who_it_is_and_why_in_which_segment(marketer):
    contact = full(first_name="Anne", last_name="Le Goff", job_title="CEO", fields={"budget": 1200, "seen": None})
    CustomFieldFactory(key="budget", label="Budget", type="integer")
    segments.add(SegmentFactory(name="Dinner"), [contact.pk], Membership.Reason.TRIGGER, "Hot lead")
    contact.consents.create(purpose="profiling", granted=False)
    contact.blocks.create(channel="sms", reason="bounced")

    page = marketer.get(reverse("admin:contacts_contact_overview", args=[contact.pk])).content.decode()

    for text in ["Anne Le Goff", "CEO", contact.company.name, "Budget", "1200", "Dinner", "Trigger", "Hot lead"]:
        assert text in page
    assert "do not contact · Bounced" in page


def test_the_page_asks_as_often_whatever_it_shows(marketer, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(panels.panels, "_types", {})
    contact = full()
    address = reverse("admin:contacts_contact_overview", args=[contact.pk])
    marketer.get(address)
    # session, user, contact, stages, segments, fields, tags, consents, blocks, merges
    with django_assert_num_queries(10):
        marketer.get(address)
    contact.tags.add(TagFactory(), TagFactory())
    for segment in SegmentFactory.create_batch(2):
        segments.add(segment, [contact.pk])
    with django_assert_num_queries(10):
        marketer.get(address)


def test_a_merged_contact_leads_to_whom_it_became(marketer):
    winner = ContactFactory()
    loser = ContactFactory(merged_into=winner)

    answer = marketer.get(reverse("admin:contacts_contact_overview", args=[loser.pk]))

    assert answer.url == winner.get_absolute_url()


def test_unknown_contacts_are_404_and_strangers_are_refused(marketer, client):
    address = reverse("admin:contacts_contact_overview", args=[0])
    assert marketer.get(address).status_code == 404
    client.force_login(UserFactory())
    assert client.get(address).status_code == 403


def test_panels_are_shown_to_those_who_may_see_them(viewer, monkeypatch):
    panel = panels.Panel("x", "Secret", "contacts/pagination.html", lambda contact: {}, 1, "auth.view_user")
    monkeypatch.setattr(panels.panels, "_types", {"x": panel})

    page = viewer.get(reverse("admin:contacts_contact_overview", args=[ContactFactory().pk])).content.decode()

    assert "Secret" not in page


# The form


def posted(**values):
    empty = ["first_name", "last_name", "email", "phone", "company", "job_title", "city", "country", "language"]
    return {**dict.fromkeys([*empty, "time_zone", "owner", "stage"], ""), **values}


def test_custom_fields_are_form_fields_and_archived_values_stay(marketer):
    CustomFieldFactory(key="age", type="integer")
    CustomFieldFactory(key="focus", type="choices", choices=["A", "B"])
    CustomFieldFactory(key="likes", type="boolean")
    CustomFieldFactory(key="seen", type="datetime")
    CustomFieldFactory(key="old", archived_at=timezone.now())
    contact = ContactFactory(email="a@example.com", fields={"old": "kept", "likes": False})
    address = reverse("admin:contacts_contact_change", args=[contact.pk])
    assert 'name="custom_age"' in marketer.get(address).content.decode()

    answer = marketer.post(
        address,
        posted(
            email="A@example.com",
            country="FR",
            custom_age="41",
            custom_focus=["B"],
            custom_likes="true",
            custom_seen_0="2025-12-31",
            custom_seen_1="14:30:00",
        ),
    )

    assert answer.url == contact.get_absolute_url()
    contact.refresh_from_db()
    assert (contact.email, contact.country) == ("a@example.com", "FR")
    assert contact.fields == {
        "old": "kept",
        "age": 41,
        "focus": ["B"],
        "likes": True,
        "seen": "2025-12-31T13:30:00+00:00",
    }


def test_the_help_of_a_custom_field_is_text(marketer):
    CustomFieldFactory(key="age", help_text="<script>alert(1)</script>", label="<b>Age</b>")

    page = marketer.get(reverse("admin:contacts_contact_add")).content.decode()

    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    assert "<b>Age" not in page


def test_required_custom_fields_and_wrong_values_are_form_errors(marketer):
    CustomFieldFactory(key="age", type="integer", required=True)
    CustomFieldFactory(key="site", type="url")

    answer = marketer.post(
        reverse("admin:contacts_contact_add"), posted(email="a@example.com", custom_age="", custom_site="javascript:1")
    )

    assert list(answer.context["adminform"].form.errors) == ["custom_age", "custom_site"]
    assert Contact.objects.count() == 0


def test_tags_are_changed_on_the_form(marketer):
    contact, (old, new) = ContactFactory(email="a@example.com"), TagFactory.create_batch(2)
    contact.tags.add(old)

    marketer.post(
        reverse("admin:contacts_contact_change", args=[contact.pk]), posted(email="a@example.com", tag_list=[new.pk])
    )

    assert list(contact.tags.all()) == [new]


def test_two_contacts_cannot_have_the_same_email(marketer):
    ContactFactory(email="a@example.com")

    answer = marketer.post(reverse("admin:contacts_contact_add"), posted(email="A@Example.com"))

    assert "A contact with this email exists already." in answer.content.decode()


# Bulk changes


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


# Other pages


@pytest.mark.parametrize("model", ["company", "customfield", "segment", "stage", "tag"])
def test_lists_and_forms_open_and_ask_as_often_for_three_as_for_one(marketer, model, django_assert_max_num_queries):
    make = {
        "company": CompanyFactory,
        "customfield": CustomFieldFactory,
        "segment": SegmentFactory,
        "stage": StageFactory,
        "tag": TagFactory,
    }[model]
    first = make()
    address = reverse(f"admin:contacts_{model}_changelist")
    with django_assert_max_num_queries(12) as one:
        marketer.get(address)
    make()
    make()
    with django_assert_max_num_queries(len(one)):
        assert marketer.get(address).status_code == 200
    assert marketer.get(reverse(f"admin:contacts_{model}_add")).status_code == 200
    assert marketer.get(reverse(f"admin:contacts_{model}_change", args=[first.pk])).status_code == 200


def test_a_custom_field_keeps_its_key_and_type(marketer):
    field = CustomFieldFactory(key="age", type="integer")
    form = {"label": "Age in years", "key": "other", "type": "text", "choices": "", "help_text": "", "position": "0"}

    marketer.post(reverse("admin:contacts_customfield_change", args=[field.pk]), form)

    field.refresh_from_db()
    assert (field.label, field.key, field.type) == ("Age in years", "age", "integer")


def test_a_custom_field_is_added_with_choices_one_a_line(marketer):
    form = {"label": "Color", "key": "my-color", "type": "choice", "choices": "red\n\n blue ", "position": "0"}

    marketer.post(reverse("admin:contacts_customfield_add"), form)

    assert list(CustomField.objects.values_list("key", "choices")) == [("my_color", ["red", "blue"])]
