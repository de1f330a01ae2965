"""Triggers in the admin: they are made and switched on, and what they hold back is released or declined."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from campaigns import triggers
from campaigns.models import Delivery, Firing, Trigger, TriggerVersion
from tests.campaigns.conftest import give_score, move
from tests.campaigns.making import FRENCH, a_trigger, form_of
from tests.factories import ContactFactory, EmailFactory, TagFactory, TriggerActionFactory, TriggerFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_trigger_is_made_with_the_fields_of_its_actions(page, admin_user):
    tag, email = TagFactory(), EmailFactory()
    rows = [
        {"type": "change_tags", "params__type": "change_tags", "params__add": [tag.pk]},
        {"type": "send_email", "params__email": email.pk},
    ]

    page("trigger", "add", data=form_of(rows=rows, conditions=json.dumps(FRENCH)))

    trigger = Trigger.objects.get()
    assert (trigger.is_active, trigger.conditions) == (
        True,
        {"all": [FRENCH]} if "all" in trigger.conditions else FRENCH,
    )
    assert list(trigger.actions.values_list("type", "params", "position")) == [
        ("change_tags", {"add": [tag.pk], "remove": []}, 0),
        ("send_email", {"email": email.pk}, 1),
    ]
    version = TriggerVersion.objects.get()
    assert (version.number, version.author) == (1, admin_user)
    assert [action["type"] for action in version.snapshot["actions"]] == ["change_tags", "send_email"]


def test_wrong_settings_are_shown_beside_their_field_and_nothing_is_saved(page):
    rows = [{"type": "change_tags", "params__type": "change_tags"}, {"type": "send_email", "params__email": "999"}]

    response = page("trigger", "add", data=form_of(rows=rows))

    text = response.content.decode()
    assert response.status_code == 200
    assert "Choose at least one tag." in text
    assert "Select a valid choice." in text
    assert Trigger.objects.count() == 0


def test_choosing_another_type_shows_its_fields_before_anything_is_saved(page):
    rows = [{"type": "send_email", "params__type": "change_tags", "params__add": [TagFactory().pk]}]

    response = page("trigger", "add", data=form_of(rows=rows))

    assert "Please fill in the settings of this type." in response.content.decode()
    assert 'name="actions-0-params__email"' in response.content.decode()
    assert Trigger.objects.count() == 0


def test_the_reload_of_the_script_saves_nothing(page):
    rows = [{"type": "change_tags", "params__type": "change_tags", "params__add": [TagFactory().pk]}]

    page("trigger", "add", data=form_of(rows=rows, _typed_params_reload="1"))

    assert Trigger.objects.count() == 0


def test_an_unknown_action_keeps_its_settings_when_the_trigger_is_saved(page):
    trigger = TriggerFactory()
    action = TriggerActionFactory(trigger=trigger, type="carrier_pigeon", params={"colour": "grey"})
    row = {"id": action.pk, "trigger": trigger.pk, "type": "carrier_pigeon", "params__type": "carrier_pigeon"}

    shown = page("trigger", "change", trigger.pk).content.decode()
    page("trigger", "change", trigger.pk, data=form_of(rows=[row], name="Renamed"))

    assert "Unknown type: carrier_pigeon" in shown
    trigger.refresh_from_db()
    action.refresh_from_db()
    assert (trigger.name, action.params) == ("Renamed", {"colour": "grey"})


def test_switching_on_asks_first_when_somebody_is_past_the_threshold(page, anne):
    give_score(anne, 70)

    response = page("trigger", "add", data=form_of())

    trigger = Trigger.objects.get()
    assert response["Location"] == reverse("admin:campaigns_trigger_already", args=[trigger.pk])
    assert (trigger.is_active, Firing.objects.count()) == (False, 0)
    assert "anne@example.com" in page("trigger", "already", trigger.pk).content.decode()

    page("trigger", "already", trigger.pk, data={"existing": "act"})
    trigger.refresh_from_db()
    assert (trigger.is_active, Firing.objects.get().state) == (True, "fired")


def test_switching_on_can_leave_them_alone(page, anne):
    give_score(anne, 70)
    trigger = TriggerFactory(is_active=False)

    page("trigger", "already", trigger.pk, data={"existing": "mark"})

    assert (Trigger.objects.get().is_active, Firing.objects.get().state) == (True, "marked")


def test_a_threshold_that_is_moved_past_contacts_says_that_nothing_is_done_for_them(admin_client, page, anne):
    trigger = TriggerFactory(threshold=90)
    give_score(anne, 70)

    def is_said(threshold):
        address = reverse("admin:campaigns_trigger_change", args=[trigger.pk])
        shown = admin_client.post(address, form_of(threshold=threshold), follow=True).content.decode()
        return "Contacts are past this threshold already: nothing is done for them unless you say so." in shown

    assert (is_said("80"), is_said("60"), is_said("60")) == (False, True, False)
    there = page("trigger", "already", trigger.pk).content.decode()
    assert ("Act for 1 contact now" in there, "Leave them alone" in there, "Switch on" in there) == (True, True, False)
    assert Firing.objects.count() == 0

    trigger.refresh_from_db()
    triggers.switch_on(trigger, "mark")
    assert not is_said("50")


def test_looking_at_who_is_there_needs_the_right_to_change(client, anne):
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_trigger"))
    client.force_login(user)

    assert (
        client.post(
            reverse("admin:campaigns_trigger_already", args=[TriggerFactory().pk]), {"existing": "act"}
        ).status_code
        == 403
    )
    assert Firing.objects.count() == 0


def test_held_firings_are_released_and_declined_in_the_list(admin_client, anne):
    trigger = a_trigger()
    bob = ContactFactory(country="FR")
    triggers.fire([move(anne, 0, 60), move(bob, 0, 60)], held=True)
    give_score(anne, 60)
    address = reverse("admin:campaigns_firing_changelist")
    first, second = Firing.objects.order_by("pk")
    assert f"{trigger.group or 'overall score'}: 0 → 60" in admin_client.get(address).content.decode()

    chosen = {"action": "release", "_selected_action": [first.pk]}
    asked = admin_client.post(address, chosen)
    assert Delivery.objects.count() == 0, "it only asks"
    assert f'name="_selected_action" value="{first.pk}"' in asked.content.decode()
    assert "1 firing acts at once, as its trigger stands now." in asked.content.decode()
    admin_client.post(address, chosen | {"sure": "1"})
    chosen = {"action": "decline", "_selected_action": [first.pk, second.pk]}
    asked = admin_client.post(address, chosen)
    assert list(trigger.firings.order_by("pk").values_list("state", flat=True)) == ["fired", "held"], "it only asks"
    assert "Nothing is done for 1 firing; it stays on record as declined." in asked.content.decode()
    admin_client.post(address, chosen | {"sure": "1"})

    assert list(trigger.firings.order_by("pk").values_list("state", flat=True)) == ["fired", "declined"]
    assert Delivery.objects.count() == 2


def test_somebody_who_may_only_look_decides_nothing(client, anne):
    a_trigger()
    triggers.fire([move(anne, 0, 60)], held=True)
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_firing"))
    client.force_login(user)

    client.post(
        reverse("admin:campaigns_firing_changelist"),
        {"action": "release", "_selected_action": [Firing.objects.get().pk], "sure": "1"},
    )

    assert Firing.objects.get().state == "held"


def test_the_overview_tells_of_marked_contacts_where_nothing_fired(admin_client, anne):
    trigger = a_trigger()
    give_score(anne, 60)
    triggers.switch_on(trigger, "mark")
    assert trigger.firings.get().state == Firing.State.MARKED

    page = admin_client.get(reverse("admin:index")).content.decode()

    assert "No trigger has fired yet. Whoever was past a threshold when a trigger was switched on is marked" in page
