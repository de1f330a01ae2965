"""The draft is published, followed, and taken back by whoever may."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from campaigns import versions
from campaigns.models import Delivery, Firing
from config import pipeline
from contacts.remarks import Remark
from scoring import ledger, publications, rules, terms
from scoring.models import (
    PointAction,
    PointGroup,
    Publication,
)
from tests.campaigns.drafting import AT, DRAFT_BUTTON, Scope, a_trigger, edit, of_rule, page, people_of, previewed, said
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, score, subject

pytestmark = pytest.mark.django_db


# --- publishing -------------------------------------------------------------------------------------------------------


def test_publishing_names_the_numbers_and_warns_when_they_are_old_or_missing(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    address = page("publication_publish", draft.pk) + "?scope=past"
    assert marketer.get(address).context["doubts"] == ["No preview was made: you do not see yet whom this changes."]

    previewed(draft)
    context = marketer.get(address).context
    assert (context["doubts"], context["preview"]["people"], context["preview"]["held"]) == ([], 3, 2)
    assert marketer.get(page("publication_publish", draft.pk)).context["doubts"] == [
        "The preview was made for “Also for the past”."
    ]

    Publication.objects.filter(pk=draft.pk).update(forecast_done_at=timezone.now() - timedelta(hours=2))
    other = PointAction.objects.create(name="Other", source="email_opened", points=1, group=rule.group)
    rules.publish(other)
    assert marketer.get(address).context["doubts"] == [
        "Rules were changed since the preview was made.",
        "The preview was made 2\xa0hours ago: scores have moved since.",
    ]


def test_a_preview_is_doubted_once_another_rule_is_switched_off(marketer, rule, people):
    other = PointAction.objects.create(name="Other", source="email_opened", points=1, group=rule.group)
    rules.publish(other)
    draft = edit(rule, points=10)
    previewed(draft)
    rules.archive(other)

    doubts = marketer.get(page("publication_publish", draft.pk) + "?scope=past").context["doubts"]
    assert doubts == ["Rules were changed since the preview was made."]


def test_publishing_another_draft_than_was_looked_at_is_refused(marketer, rule, engagement):
    draft = edit(rule, points=10)
    seen = marketer.get(page("publication_publish", draft.pk)).context["seen"]
    publications.add(draft, "point_group", engagement.pk, {"weight": "3.00"})

    response = marketer.post(page("publication_publish", draft.pk), {"scope": "past", "seen": seen}, follow=True)
    assert said(response) == ["The draft was changed meanwhile: look at it again."]
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_that_it_was_published_is_told_to_every_reader_in_their_own_language(marketer, rule):
    draft = edit(rule, points=10)
    posted = {"scope": "from_now", "seen": publications.mark(draft)}
    marketer.post(page("publication_publish", draft.pk), posted, headers={"accept-language": "fr"})

    entry = LogEntry.objects.latest("pk")
    with translation.override("en"):
        assert (entry.object_id, Remark.read(entry.change_message)) == (str(draft.pk), "Published.")


def test_publishing_twice_says_that_it_is_done_already(marketer, rule):
    draft = edit(rule, points=10)
    posted = {"scope": "from_now", "note": " Spring ", "seen": publications.mark(draft)}
    assert said(marketer.post(page("publication_publish", draft.pk), posted, follow=True)) == ["Published."]
    draft.refresh_from_db()
    assert (draft.state, draft.scope, draft.note, draft.author) == ("published", "from_now", "Spring", marketer.user)

    again = marketer.post(page("publication_publish", draft.pk), posted, follow=True)
    assert said(again) == ["This draft was published or thrown away meanwhile."]
    removed = marketer.post(page("publication_change", draft.pk), {"remove": draft.edits.get().pk}, follow=True)
    assert said(removed) == ["This draft was published or thrown away meanwhile."]
    assert draft.edits.count() == 1


def test_a_publication_shows_its_progress_and_what_it_holds(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="Spring")
    address = page("publication_change", draft.pk)
    assert "Cancel and roll back…" in marketer.get(address).content.decode()
    pipeline.advance(limit=1)
    assert marketer.get(page("publication_status", draft.pk)).json() == {
        "going": True,
        "percent": 33,
        "sentence": "1 of 3 contacts.",
    }
    pipeline.drain()
    assert marketer.get(page("publication_status", draft.pk)).json() == {
        "going": False,
        "percent": 100,
        "sentence": "3 of 3 contacts.",
    }

    context = marketer.get(address).context
    assert (context["progress"], context["held"]) == (None, 2)
    assert [(row["trigger__name"], row["label"], row["count"]) for row in context["firings"]] == [
        ("At 20", "Waiting for release", 2)
    ]


def test_firings_of_a_publication_are_released_or_declined_all_at_once_and_found_by_it(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="Spring")
    pipeline.drain()
    listed = marketer.get(page("firing_changelist", app="campaigns"), {"publication": draft.pk, "state": "held"})
    assert {firing.contact for firing in listed.context["cl"].result_list} == {people["ada"], people["bob"]}
    assert (
        len(marketer.get(page("firing_changelist", app="campaigns"), {"publication": "x"}).context["cl"].result_list)
        == 0
    )

    assert "2 firings act at once" in marketer.get(page("publication_release", draft.pk)).content.decode()
    assert Delivery.objects.count() == 0
    assert said(marketer.post(page("publication_release", draft.pk), follow=True)) == ["2 released."]
    assert Delivery.objects.count() == 2
    assert said(marketer.post(page("publication_release", draft.pk), follow=True)) == ["0 released."]
    assert said(marketer.post(page("publication_decline", draft.pk), follow=True)) == ["0 declined."]
    assert Delivery.objects.count() == 2


def test_a_publication_is_rolled_back_unless_a_later_one_changed_the_same(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="First")
    pipeline.drain()
    rule.refresh_from_db()
    later = edit(rule, points=11)
    publications.publish(later, Scope.PAST, note="Second")
    pipeline.drain()

    assert "changed again since" in marketer.get(page("publication_change", draft.pk)).content.decode()
    assert "roll that back first" in marketer.get(page("publication_roll_back", draft.pk)).content.decode()
    refused = marketer.post(page("publication_roll_back", draft.pk), follow=True)
    assert said(refused) == ["“Download” was changed again since: roll that back first."]

    for publication in (later, draft):
        marketer.post(page("publication_roll_back", publication.pk))
        pipeline.drain()
    assert [score(people[name]) for name in ("ada", "bob", "cleo")] == [15, 10, 5]
    assert set(Firing.objects.values_list("state", flat=True)) == {"outdated"}
    draft.refresh_from_db()
    assert "Put into force again…" in marketer.get(page("publication_change", draft.rolled_back_by_id)).text
    question = marketer.get(page("publication_roll_back", draft.rolled_back_by_id)).text
    assert "Put “First” into force again?" in question
    marketer.post(page("publication_roll_back", draft.rolled_back_by_id))
    pipeline.drain()
    assert [score(people[name]) for name in ("ada", "bob", "cleo")] == [30, 20, 10]
    assert "Roll back…" in marketer.get(page("publication_change", draft.pk)).text


def test_a_release_says_how_many_are_no_longer_true_and_does_nothing_for_them(marketer, rule, people):
    a_trigger(20)
    draft = edit(rule, points=10)
    publications.publish(draft, Scope.PAST, note="Spring")
    pipeline.drain()
    ledger.adjust(people["bob"].pk, rule.group_id, -15, note="gone")
    pipeline.drain()

    question = marketer.get(page("publication_release", draft.pk)).text
    assert "1 firing acts at once" in question
    assert "1 firing is no longer true" in question
    answer = marketer.post(page("publication_release", draft.pk), follow=True)
    assert said(answer) == ["1 released. 1 is no longer true: nothing was done."]
    assert Delivery.objects.get().contact == people["ada"]
    outdated = Firing.objects.get(state="outdated")
    shown = marketer.get(page("firing_change", outdated.pk, app="campaigns")).text
    assert "No longer true" in shown
    assert "a later crossing acts" in shown


@pytest.mark.parametrize("way", ["discarded", "taken out"])
def test_what_was_made_for_a_draft_that_comes_to_nothing_is_archived(marketer, engagement, way):
    new = PointAction(name="New", source="asset_downloaded", points=3, repeat="object", group=engagement)
    marketer.post(page("pointaction_add"), of_rule(new) | {DRAFT_BUTTON["pointaction"]: "1"})
    made = PointAction.objects.get()
    draft = Publication.objects.get()
    if way == "discarded":
        assert (
            f"What was made for this draft is archived: {made.name}."
            in marketer.get(page("publication_discard", draft.pk)).text
        )
        marketer.post(page("publication_discard", draft.pk))
    else:
        answer = marketer.post(page("publication_change", draft.pk), {"remove": draft.edits.get().pk}, follow=True)
        assert "as it had been made for it" in said(answer)[-1]

    made.refresh_from_db()
    assert (made.is_active, made.archived_at is None, made.versions.count()) == (False, False, 0)


def test_an_archived_group_is_not_published_into(marketer, rule, people):
    other = PointGroup.objects.create(name="Old news")
    draft = edit(rule, group=other.pk)
    PointGroup.objects.filter(pk=other.pk).update(archived_at=timezone.now())

    seen = {"scope": "past", "seen": publications.mark(draft)}
    answer = marketer.post(page("publication_publish", draft.pk), seen, follow=True)
    assert said(answer) == ["The point group “Old news” is archived: bring it back first, or choose another one."]
    rule.refresh_from_db()
    assert rule.group != other


def test_forms_offer_the_groups_in_use_and_the_one_that_is_chosen(marketer, rule):
    archived, chosen = PointGroup.objects.create(name="Old news"), PointGroup.objects.create(name="Old but chosen")
    PointAction.objects.filter(pk=rule.pk).update(group=chosen)
    PointGroup.objects.filter(pk__in=[archived.pk, chosen.pk]).update(archived_at=timezone.now())

    offered = marketer.get(page("pointaction_change", rule.pk)).context["adminform"].form.fields["group"].queryset
    assert set(offered) == set(PointGroup.objects.exclude(pk=archived.pk))
    for add in ("pointaction_add", "adjustment_add", "leaderboard_add", "backtest_add"):
        offered = marketer.get(page(add)).context["adminform"].form.fields["group"].queryset
        assert not set(offered) & {archived, chosen}


# --- who may, at what cost --------------------------------------------------------------------------------------------


@pytest.fixture
def allowed(client):
    """allowed("view_publication", …): a client of somebody who may do these things and no others."""

    def allowed(*names):
        user = UserFactory()
        user.user_permissions.set(Permission.objects.filter(codename__in=names))
        client.force_login(user)
        return client

    return allowed


LOOKING = ("publication_change", "publication_changelist", "publication_status")
EDITING = ("publication_discard",)
PUBLISHING = ("publication_publish", "publication_roll_back")


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ((), {}),
        (("view_publication",), dict.fromkeys(LOOKING, 200)),
        (("change_publication",), dict.fromkeys((*LOOKING, *EDITING), 200)),
        (("view_publication", "publish_publication"), dict.fromkeys((*LOOKING, "publication_publish"), 200)),
    ],
    ids=["nobody", "who looks", "who edits", "who publishes"],
)
def test_pages_open_for_those_who_may(allowed, rule, permissions, expected):
    draft = edit(rule, points=7)
    client = allowed(*permissions)
    found = {}
    for name in (*LOOKING, *EDITING, "publication_publish"):
        address = page(name) if name == "publication_changelist" else page(name, draft.pk)
        found[name] = client.get(address).status_code
    assert {name: code for name, code in found.items() if code != 403} == expected


def test_who_may_not_is_refused_and_nothing_happens(allowed, rule, people):
    draft = previewed(edit(rule, points=7))
    client = allowed("view_publication", "view_pointaction", "change_pointaction")
    for name, posted in (
        ("publication_change", {"preview": "1"}),
        ("publication_change", {"remove": draft.edits.get().pk}),
        ("publication_discard", {}),
        ("publication_publish", {"scope": "past", "seen": publications.mark(draft)}),
        ("publication_release", {}),
        ("publication_decline", {}),
    ):
        assert client.post(page(name, draft.pk), posted).status_code == 403
    for name in ("publication_crossings", "publication_changes"):
        assert client.get(page(name, draft.pk)).status_code == 403
    shown = client.get(page("publication_change", draft.pk)).content.decode()
    assert "Ada" not in shown
    assert "Publish…" not in shown
    opened = client.get(page("pointaction_change", rule.pk))
    assert (opened.context["adminform"].form["points"].value(), "Add to the draft" in opened.content.decode()) == (
        5,
        False,
    )
    button = {DRAFT_BUTTON["pointaction"]: "1"}
    assert client.post(page("pointaction_change", rule.pk), of_rule(rule, points=8) | button).status_code == 403
    draft.refresh_from_db()
    assert (draft.state, draft.edits.get().after["points"]) == ("draft", 7)


def queries(client, address):
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_the_pages_ask_no_more_for_many_contacts_than_for_few(marketer, rule):
    a_trigger(20)
    people_of(rule, {"ada": 3, "bob": 2})
    draft = previewed(edit(rule, points=10))
    addresses = [page("publication_change", draft.pk), page("publication_publish", draft.pk) + "?scope=past"]
    for address in addresses:
        marketer.get(address)
    few = [queries(marketer, address) for address in addresses]

    guide = subject("more")
    for number in range(12):
        for about in (guide, subject(f"other {number}")):
            download(ContactFactory(email=f"c{number}@example.org") if about is guide else None, about, AT)
    pipeline.drain()
    previewed(draft)
    assert [queries(marketer, address) for address in addresses] == few


def test_the_list_begins_with_the_draft_and_names_each(marketer, rule):
    first = edit(rule, points=7)
    publications.publish(first, Scope.FROM_NOW, note="Spring")
    rule.refresh_from_db()
    publications.discard(edit(rule, points=8))
    draft = edit(rule, points=9)
    draft2 = marketer.get(page("publication_changelist")).context["cl"].result_list
    assert [one.state for one in draft2] == ["draft", "discarded", "published"]
    assert draft2[0] == draft
    one = queries(marketer, page("publication_changelist"))
    publications.discard(draft)
    edit(rule, points=4)
    assert queries(marketer, page("publication_changelist")) == one


def test_what_was_saved_directly_stands_below_the_list_with_its_history(marketer, rule, engagement):
    trigger = a_trigger(name="Hot")
    versions.keep(trigger, marketer.user)
    terms.publish(engagement, {"ceiling": 100}, marketer.user)
    edit(rule, points=7)

    listed = marketer.get(page("publication_changelist")).context["latest"]
    assert [(one.name, one.number, one.author) for one in listed] == [
        ("Engagement", 2, marketer.user),
        ("Engagement", 1, None),
        ("Hot", 1, marketer.user),
        ("Download", 1, None),
    ]
    assert listed[2].page == f"{page('trigger_history', trigger.pk, app='campaigns')}#v1"


def test_the_first_page_says_that_a_draft_waits_and_a_change_is_under_way(marketer, rule, people):
    assert "data-draft" not in marketer.get(reverse("admin:index")).content.decode()
    draft = edit(rule, points=10)
    assert "1 edit waits in the draft." in marketer.get(reverse("admin:index")).content.decode()

    publications.publish(draft, Scope.PAST, note="Spring")
    pipeline.advance(limit=1)
    shown = marketer.get(reverse("admin:index")).content.decode()
    assert "“Spring” is being carried out: 1 of 3 contacts." in shown
    assert "waits in the draft" not in shown
