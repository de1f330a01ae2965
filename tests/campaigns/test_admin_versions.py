"""The history of a trigger: who changed what and when, and any version brought back with its actions."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns import triggers, versions
from campaigns.models import Delivery, Firing, Trigger, TriggerAction
from scoring.models import PointGroup
from tests.campaigns.conftest import give_score, move
from tests.campaigns.making import form_of
from tests.factories import ContactFactory, EmailFactory, TagFactory, TriggerActionFactory, TriggerFactory, UserFactory

pytestmark = pytest.mark.django_db
FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def page(admin_client):
    """page("history", 1): GET, or POST with data."""

    def page(view, *args, data=None):
        address = reverse(f"admin:campaigns_trigger_{view}", args=args)
        return admin_client.get(address) if data is None else admin_client.post(address, data)

    return page


def fresh(trigger):
    return Trigger.objects.get(pk=trigger.pk)


@pytest.fixture
def revised(admin_user, group):
    """Three versions: at 50 of a group it tags French contacts; at 70 it also mails anybody; then it no longer tags."""

    def revised(name="Hot"):
        trigger = TriggerFactory(name=name, group=group, conditions=FRENCH)
        tag = TriggerActionFactory(
            trigger=trigger, type="change_tags", params={"add": [TagFactory(name=f"{name} tag").pk], "remove": []}
        )
        versions.keep(trigger)
        trigger.threshold, trigger.conditions = 70, {}
        trigger.save()
        TriggerActionFactory(
            trigger=trigger, type="send_email", params={"email": EmailFactory(name="Hello").pk}, position=1
        )
        versions.keep(fresh(trigger), admin_user)
        tag.delete()
        versions.keep(fresh(trigger), admin_user)
        return fresh(trigger)

    return revised


def told(response):
    assert response.status_code == 200
    return [
        (
            chapter.stood.number,
            [(change.label, change.before, change.after) for change in chapter.changes],
            chapter.stood.is_now,
            bool(chapter.restore),
        )
        for chapter in response.context["chapters"]
    ]


def queries(job):
    with CaptureQueriesContext(connection) as captured:
        job()
    return len(captured)


def test_the_history_tells_what_each_version_changed_and_who(page, revised, admin_user):
    trigger = revised()
    shown = page("history", trigger.pk)

    assert told(shown) == [
        (3, [("what happens then", "add the tag “Hot tag”", "–")], True, False),
        (2, [
            ("threshold", "50", "70"),
            ("and the contact", "country is France", "–"),
            ("what happens then", "–", "send the email “Hello”"),
        ], False, True),
        (1, [], False, True),
    ]  # fmt: skip
    authors = [chapter.stood.author for chapter in shown.context["chapters"]]
    assert authors == [admin_user, admin_user, None]
    assert shown.context["chapters"][0].stood.when.startswith("in force since ")
    assert shown.context["chapters"][1].stood.when.startswith("in force from ")


def test_settings_of_an_action_that_changed_are_told(page, admin_user):
    action = TriggerActionFactory(
        trigger=TriggerFactory(), type="send_email", params={"email": EmailFactory(name="One").pk}
    )
    versions.keep(action.trigger)
    action.params = {"email": EmailFactory(name="Two").pk}
    action.save()
    Trigger.objects.update(is_active=False, again="rearm", rearm_at="12.5")
    versions.keep(fresh(action.trigger))

    [(_, changes, *_rest), _first] = told(page("history", action.trigger.pk))
    assert changes == [
        ("act", "Once per contact", "Again, after the score has been back on the other side"),
        ("re-arm level", "–", "12.50"),
        ("active", "yes", "no"),
        ("what happens then", "send the email “One”", "send the email “Two”"),
    ]
    latest = page("history", action.trigger.pk).context["chapters"][0].stood
    assert latest.when.startswith("switched off, in force since ")


def test_restoring_asks_first_and_makes_a_new_version_equal_to_the_old(page, revised, admin_user):
    trigger = revised()
    asked = page("bring_back", trigger.pk, 1)
    assert [(change.label, change.after) for change in asked.context["changes"]] == [
        ("threshold", "50"),
        ("and the contact", "country is France"),
        ("what happens then", "add the tag “Hot tag”"),
        ("what happens then", "–"),
    ]
    assert trigger.versions.count() == 3

    response = page("bring_back", trigger.pk, 1, data={})
    assert response["Location"] == reverse("admin:campaigns_trigger_history", args=[trigger.pk])
    new, old = trigger.versions.get(number=4), trigger.versions.get(number=1)
    assert (new.snapshot, new.author) == (old.snapshot, admin_user)
    assert [action["id"] for action in new.snapshot["actions"]] == [action["id"] for action in old.snapshot["actions"]]
    assert (fresh(trigger).threshold, fresh(trigger).conditions) == (50, FRENCH)
    assert list(trigger.actions.values_list("type", flat=True)) == ["change_tags"]
    assert "Version 1 was restored." in page("history", trigger.pk).content.decode()


def test_an_action_brought_back_is_not_done_again_for_the_same_firing(page, revised, group):
    trigger = revised()
    page("bring_back", trigger.pk, 1, data={})
    triggers.fire([move(ContactFactory(country="FR"), 0, 60, group)])
    assert Delivery.objects.count() == 1
    page("bring_back", trigger.pk, 3, data={})
    page("bring_back", trigger.pk, 1, data={})
    [firing] = Firing.objects.all()
    firing.state = "held"
    firing.save()
    triggers.release([firing], None)

    assert Delivery.objects.filter(type="change_tags").count() == 1


def test_the_order_of_actions_comes_back(page, admin_user):
    trigger = TriggerFactory()
    first = TriggerActionFactory(trigger=trigger, type="change_tags", params={"add": [], "remove": []}, position=0)
    TriggerActionFactory(trigger=trigger, type="send_email", params={"email": 1}, position=1)
    versions.keep(trigger)
    first.position = 2
    first.save()
    versions.keep(fresh(trigger))
    page("bring_back", trigger.pk, 1, data={})

    assert list(trigger.actions.values_list("type", flat=True)) == ["change_tags", "send_email"]
    assert trigger.versions.get(number=3).snapshot == trigger.versions.get(number=1).snapshot


def test_a_version_that_was_on_asks_about_those_who_are_there_already(page, revised, group):
    trigger = revised()
    Trigger.objects.filter(pk=trigger.pk).update(is_active=False)
    versions.keep(fresh(trigger))
    give_score(ContactFactory(country="FR"), 60, group)
    response = page("bring_back", trigger.pk, 1, data={})

    assert response["Location"] == reverse("admin:campaigns_trigger_already", args=[trigger.pk])
    assert (fresh(trigger).is_active, fresh(trigger).threshold, Firing.objects.count()) == (False, 50, 0)
    page("already", trigger.pk, data={"existing": "mark"})
    assert fresh(trigger).is_active
    assert trigger.versions.latest("number").snapshot == trigger.versions.get(number=1).snapshot


def test_restoring_what_stands_already_makes_no_version(page, revised):
    trigger = revised()
    page("bring_back", trigger.pk, 3, data={})

    assert trigger.versions.count() == 3


def test_a_version_whose_group_is_gone_is_refused_with_a_reason(page, revised):
    trigger = revised()
    Trigger.objects.filter(pk=trigger.pk).update(group=None)
    PointGroup.objects.all().delete()
    refused = page("bring_back", trigger.pk, 1, data={})

    assert "The point group it looked at does not exist any more." in refused.content.decode()
    assert (fresh(trigger).threshold, trigger.versions.count()) == (70, 3)


def test_conditions_that_no_longer_exist_are_told_and_come_back(page):
    trigger = TriggerFactory(conditions={"all": [{"filter": "retired"}]})
    versions.keep(trigger)
    Trigger.objects.update(conditions={})
    versions.keep(fresh(trigger))

    assert told(page("history", trigger.pk))[0][1] == [("and the contact", "a condition that no longer exists", "–")]
    page("bring_back", trigger.pk, 1, data={})
    assert fresh(trigger).conditions == {"all": [{"filter": "retired"}]}


def test_an_archived_trigger_keeps_its_history_and_is_brought_back_first(page, admin_client, revised):
    trigger = revised()
    listed = reverse("admin:campaigns_trigger_changelist")
    admin_client.post(listed, {"action": "archive", "_selected_action": [trigger.pk]})
    shown = page("history", trigger.pk)
    page("bring_back", trigger.pk, 1, data={})

    assert [(number, restore) for number, _, _, restore in told(shown)] == [(3, False), (2, False), (1, False)]
    assert "It is in the archive" in shown.content.decode()
    assert "Archived." in shown.content.decode()
    assert fresh(trigger).threshold == 70
    assert page("delete", trigger.pk, data={"post": "yes"}).status_code == 403


def test_a_save_and_a_copy_say_who(page, admin_client, admin_user):
    trigger = TriggerFactory(name="Hot")
    page("change", trigger.pk, data=form_of(name="Hotter"))
    admin_client.post(
        reverse("admin:campaigns_trigger_changelist"), {"action": "copy", "_selected_action": [trigger.pk]}
    )

    copy = Trigger.objects.exclude(pk=trigger.pk).get()
    assert trigger.versions.get().author == admin_user
    assert (copy.versions.get().author, copy.versions.get().snapshot["name"]) == (admin_user, "Copy of Hotter")


def test_names_that_mean_harm_are_only_text(page, revised):
    trigger = revised(HOSTILE)

    for address in (("history", trigger.pk), ("bring_back", trigger.pk, 1)):
        shown = page(*address).content.decode()
        assert HOSTILE not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_who_may_look_reads_the_history_and_who_may_change_restores(client, revised):
    trigger = revised()
    user = UserFactory()
    client.force_login(user)
    history = reverse("admin:campaigns_trigger_history", args=[trigger.pk])
    restore = reverse("admin:campaigns_trigger_bring_back", args=[trigger.pk, 1])
    assert client.get(history).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_trigger"))

    assert "Restore this version" not in client.get(history).content.decode()
    assert (client.get(restore).status_code, client.post(restore).status_code) == (403, 403)
    assert fresh(trigger).threshold == 70


def test_there_is_no_page_for_a_version_that_never_was(page, revised):
    assert page("bring_back", revised().pk, 4).status_code == 404
    assert page("bring_back", 999, 1).status_code == 404
    assert page("history", 999).status_code == 404


def test_the_history_asks_as_often_for_many_versions_as_for_few(page, revised):
    trigger = revised()
    page("history", trigger.pk)
    before = queries(lambda: page("history", trigger.pk))
    for threshold in (80, 90, 100):
        Trigger.objects.filter(pk=trigger.pk).update(threshold=threshold)
        TriggerAction.objects.filter(trigger=trigger).update(position=threshold)
        versions.keep(fresh(trigger), UserFactory())
    assert trigger.versions.count() == 6
    assert queries(lambda: page("history", trigger.pk)) == before
