"""The pages of contacts and of what they are made of: the list, a contact, the form."""

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contacts import columns, panels, segments
from contacts.admin_base import CappedPaginator
from contacts.models import Contact, CustomField, Membership
from contacts.search import search
from tests.contacts.conftest import full
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
LIST = "admin:contacts_contact_changelist"


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
