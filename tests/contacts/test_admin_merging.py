"""The pages on which contacts are compared, merged, taken apart again, and told to be two."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from contacts import duplicates, merging, segments
from contacts.models import Contact, Duplicate, Merge, MergePolicy
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
COMPARE = "admin:contacts_contact_compare"


@pytest.fixture
def ada():
    return ContactFactory(email="ada@example.com", first_name="Ada", city="Paris")


@pytest.fixture
def old():
    return ContactFactory(
        email="ada@old.example", last_name="Lovelace", city="Lyon", country="FR", company=CompanyFactory(name="Analytical"),
        stage=StageFactory(name="Lead"), owner=UserFactory(username="zoe"), fields={"vip": True},
    )  # fmt: skip


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def test_both_are_shown_side_by_side_and_nothing_is_merged_by_looking(marketer, ada, old):
    CustomFieldFactory(key="vip", label="VIP", type="boolean")
    answer = marketer.get(reverse(COMPARE, args=[ada.pk, old.pk]))

    rows = {row.name: (row.winner, row.loser, row.chosen, row.is_choice) for row in answer.context["rows"]}
    assert rows["city"] == ("Paris", "Lyon", "winner", True)
    assert rows["country"] == ("", "France", "loser", False)
    assert rows["company_id"] == ("", "Analytical", "loser", False)
    assert (rows["stage_id"][1], rows["owner_id"][1], rows["fields.vip"][1]) == ("Lead", "zoe", "Yes")
    assert answer.context["preview"].consequences == []
    assert Merge.objects.count() == 0
    assert Contact.objects.get(pk=ada.pk).city == "Paris"


def test_what_is_chosen_is_merged_and_can_be_undone_from_the_contacts_page(marketer, ada, old):
    address = reverse(COMPARE, args=[ada.pk, old.pk])
    again = marketer.post(address, {"preview": "1", "keep.city": "loser"})
    assert {row.name: row.chosen for row in again.context["rows"]}["city"] == "loser"

    answer = marketer.post(address, {"merge": "1", "keep.city": "loser"}, follow=True)
    ada.refresh_from_db()
    assert answer.redirect_chain[-1] == (ada.get_absolute_url(), 302)
    assert said(answer) == ["Lovelace has been merged into this contact."]
    assert (ada.city, ada.name) == ("Lyon", "Ada Lovelace")
    [merge] = Merge.objects.all()
    assert merge.author.username == "manon"
    assert "Undo the merge" in answer.text

    answer = marketer.post(reverse("admin:contacts_merge_undo", args=[merge.pk]), follow=True)
    assert answer.redirect_chain[-1] == (ada.get_absolute_url(), 302)
    [sentence] = said(answer)
    assert sentence.startswith("The merge is undone: ")
    assert all(f'href="{one.get_absolute_url()}"' in sentence for one in (ada, old))
    assert Contact.objects.get(pk=ada.pk).city == "Paris"


@pytest.mark.parametrize("page", ["overview", "change", "history"])
def test_the_old_address_leads_to_the_contact_it_became_and_says_so(marketer, ada, old, page):
    merging.merge(ada.pk, old.pk)

    answer = marketer.get(reverse(f"admin:contacts_contact_{page}", args=[old.pk]), follow=True)

    assert answer.redirect_chain[-1] == (ada.get_absolute_url(), 302)
    assert said(answer) == ["Lovelace has been merged into Ada Lovelace."]
    assert marketer.get(reverse(COMPARE, args=[ada.pk, old.pk])).status_code == 404
    assert marketer.get(reverse(COMPARE, args=[ada.pk, ada.pk])).status_code == 404


def test_two_chosen_in_the_list_are_compared(marketer, ada, old):
    address = reverse("admin:contacts_contact_changelist")
    answer = marketer.post(address, {"action": "merge_two", "_selected_action": [ada.pk, old.pk]})
    assert answer.url == reverse(COMPARE, args=[ada.pk, old.pk])

    answer = marketer.post(address, {"action": "merge_two", "_selected_action": [ada.pk]}, follow=True)
    assert said(answer) == ["Choose exactly two contacts to merge."]


def test_the_other_one_is_found_by_what_is_known_and_the_likely_ones_are_proposed(marketer, ada, old):
    ContactFactory(first_name="Bob")
    address = reverse("admin:contacts_contact_merge", args=[ada.pk])
    Duplicate.objects.create(first=ada, second=old)

    assert marketer.get(address).context["found"] == [old]
    assert marketer.get(address, {"q": "bob"}).context["found"] == [Contact.objects.get(first_name="Bob")]
    assert marketer.get(address, {"q": "ada\0"}, follow=True).context["found"] == [old]
    assert marketer.get(address, {"q": "x" * 5000}).context["found"] == []


def test_duplicates_are_listed_until_somebody_decides(marketer, ada, old):
    Contact.objects.update(phone="+33612345678")
    assert duplicates.look() == 1
    assert duplicates.look() == 0
    address = reverse("admin:contacts_duplicate_changelist")
    assert "Same phone number" in marketer.get(address).text

    [pair] = Duplicate.objects.all()
    marketer.post(address, {"action": "dismiss", "_selected_action": [pair.pk]})
    pair.refresh_from_db()
    assert pair.dismissed_by.username == "manon"
    assert list(marketer.get(address).context["cl"].queryset) == []
    assert (duplicates.look(), list(marketer.get(address, {"dismissed": "yes"}).context["cl"].queryset)) == (0, [pair])

    marketer.post(f"{address}?dismissed=yes", {"action": "bring_back", "_selected_action": [pair.pk]})
    assert list(marketer.get(address).context["cl"].queryset) == [pair]
    merging.merge(ada.pk, old.pk)
    assert list(marketer.get(address).context["cl"].queryset) == []


def test_looking_and_the_policy_are_buttons_of_the_page(marketer, ada, old):
    Contact.objects.update(phone="+33612345678")
    answer = marketer.post(reverse("admin:contacts_duplicate_look"), follow=True)
    assert said(answer) == ["1 new pair found."]

    assert MergePolicy.allows()
    for sent, allowed in (({}, False), ({"is_automatic": "on"}, True)):
        marketer.post(reverse("admin:contacts_duplicate_policy"), sent)
        assert MergePolicy.allows() is allowed


def test_who_was_merged_away_is_no_member_that_is_counted(marketer, ada, old):
    dinner = SegmentFactory()
    segments.add(dinner, [ada.pk, old.pk])
    merging.merge(ada.pk, old.pk)

    answer = marketer.get(reverse("admin:contacts_segment_changelist"))

    assert [segment.held for segment in answer.context["cl"].queryset] == [1]


def test_merges_are_undone_from_the_list_the_latest_first(marketer, ada, old):
    third = ContactFactory(first_name="Third")
    merging.merge(ada.pk, old.pk)
    merging.merge(third.pk, ada.pk)
    address = reverse("admin:contacts_merge_changelist")
    ids = list(Merge.objects.values_list("pk", flat=True))

    answer = marketer.post(address, {"action": "undo", "_selected_action": ids}, follow=True)

    assert said(answer) == ["2 merges undone."]
    assert Contact.objects.filter(merged_into=None).count() == 3
    assert list(marketer.get(address, {"undone": "no"}).context["cl"].queryset) == []


def test_whoever_may_only_look_merges_and_undoes_nothing(client, ada, old):
    user = UserFactory()
    names = ["view_contact", "view_merge", "view_duplicate"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    merge = merging.merge(ada.pk, old.pk)
    bob = ContactFactory()

    assert client.get(reverse("admin:contacts_merge_changelist")).status_code == 200
    assert client.get(reverse("admin:contacts_duplicate_changelist")).status_code == 200
    for address in (reverse(COMPARE, args=[ada.pk, bob.pk]), reverse("admin:contacts_contact_merge", args=[ada.pk])):
        assert client.get(address).status_code == 403
    for address in (
        reverse("admin:contacts_merge_undo", args=[merge.pk]),
        reverse("admin:contacts_duplicate_look"),
        reverse("admin:contacts_duplicate_policy"),
    ):
        assert client.post(address).status_code == 403
    assert Merge.objects.get().undone_at is None


def test_an_empty_list_of_duplicates_says_what_it_is_for(marketer):
    address = reverse("admin:contacts_duplicate_changelist")

    assert "No two contacts look like one person." in marketer.get(address).text
    filtered = marketer.get(f"{address}?dismissed=yes").text
    assert ("Nothing matches" in filtered, "No two contacts" in filtered) == (True, False)


def test_an_empty_list_of_publications_says_how_a_draft_begins(marketer):
    assert "To begin one, open a point action" in marketer.get(reverse("admin:scoring_publication_changelist")).text
