"""The admin pages of campaigns: they open, at the same cost for one row and for three, and do what they say."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import delivery, enrolments, triggers
from campaigns.models import Campaign, Enrolment, Integration, Registration, Step, StepRun
from tests.campaigns.conftest import move
from tests.campaigns.making import MAKE, a_trigger
from tests.factories import CampaignFactory, IntegrationFactory, StepFactory, UserFactory, WebinarFactory
from tracking.models import Hit, Kind

pytestmark = pytest.mark.django_db
every_model = pytest.mark.parametrize("model", list(MAKE))


@every_model
def test_the_list_does_not_ask_more_for_more_rows(page, model):
    MAKE[model]()
    page(model)
    with CaptureQueriesContext(connection) as one:
        assert page(model).status_code == 200
    for _more in range(2):
        MAKE[model]()
    with CaptureQueriesContext(connection) as three:
        assert page(model).status_code == 200
    # What actions and steps point at is named once for each such row, here another one every time.
    allowed = 4 if model in ("trigger", "campaign", "delivery") else 0
    assert len(three) <= len(one) + allowed


@every_model
def test_the_page_of_a_row_opens(page, model):
    assert page(model, "change", MAKE[model]().pk).status_code == 200


@pytest.mark.parametrize(
    "model", ["trigger", "campaign", "enrolment", "email", "sms", "integration", "webinar", "registration"]
)
def test_the_page_to_add_one_opens(page, model):
    assert page(model, "add").status_code == 200


@every_model
def test_somebody_without_permission_sees_nothing(client, model):
    client.force_login(UserFactory())

    assert client.get(reverse(f"admin:campaigns_{model}_changelist")).status_code == 403


# --- campaigns --------------------------------------------------------------------------------------------------------


def test_a_step_that_is_taken_out_is_archived_with_its_history(page, anne):
    campaign = CampaignFactory()
    step = StepFactory(campaign=campaign, type="wait", params={"amount": 1, "unit": "days", "at": None, "weekdays": []})
    enrolments.enrol(campaign, [anne.pk], "manual")
    enrolments.advance_due()
    data = {
        "name": campaign.name,
        "description": "",
        "steps-TOTAL_FORMS": 1,
        "steps-INITIAL_FORMS": 1,
        "steps-0-id": step.pk,
        "steps-0-campaign": campaign.pk,
        "steps-0-type": "wait",
        "steps-0-params__amount": "1",
        "steps-0-params__unit": "days",
        "steps-0-position": "0",
        "steps-0-DELETE": "on",
    }

    page("campaign", "change", campaign.pk, data=data)

    assert Step.objects.get().archived_at is not None
    assert StepRun.objects.count() == 1
    assert "steps-0-id" not in page("campaign", "change", campaign.pk).content.decode()


def test_a_campaign_is_started_for_a_contact_by_hand(page, anne):
    campaign = CampaignFactory()

    response = page("enrolment", "add", data={"contact": anne.pk, "campaign": campaign.pk, "note": ""})

    assert response.status_code == 302
    assert list(Enrolment.objects.values_list("contact", "campaign", "reason", "note")) == [
        (anne.pk, campaign.pk, "manual", "admin")
    ]


def test_leaving_by_hand(admin_client, anne):
    campaign = CampaignFactory()
    enrolments.enrol(campaign, [anne.pk], "manual")

    admin_client.post(
        reverse("admin:campaigns_enrolment_changelist"),
        {"action": "leave", "_selected_action": [Enrolment.objects.get().pk]},
    )

    assert (Enrolment.objects.get().state, Campaign.objects.count()) == ("left", 1)


# --- webinars and integrations ----------------------------------------------------------------------------------------


def test_attendance_is_marked_as_events(admin_client, anne):
    webinar = WebinarFactory()
    row = Registration.objects.create(webinar=webinar, contact=anne, registered_at=timezone.now())

    for _again in range(2):
        admin_client.post(
            reverse("admin:campaigns_registration_changelist"),
            {"action": "mark_attended", "_selected_action": [row.pk]},
        )

    assert list(Hit.objects.values_list("kind", "contact_id")) == [(Kind.WEBINAR_ATTENDED, anne.pk)]


def test_an_integration_is_tried_and_its_secret_shown(admin_client, receiver):
    crm = IntegrationFactory(url=receiver.url)

    assert crm.secret in admin_client.get(reverse("admin:campaigns_integration_change", args=[crm.pk])).content.decode()
    admin_client.post(reverse("admin:campaigns_integration_ping", args=[crm.pk]), {"_form_submitted": "on"})
    assert len(receiver.requests) == 1

    admin_client.post(reverse("admin:campaigns_integration_renew_secret", args=[crm.pk]), {"_form_submitted": "on"})
    assert Integration.objects.get().secret != crm.secret


def test_switching_an_integration_on_again_forgets_why_it_was_off(page):
    crm = IntegrationFactory(is_active=False, disabled_reason="It answered 410 Gone.")

    page("integration", "change", crm.pk, data={"name": crm.name, "url": crm.url, "is_active": "on"})

    crm.refresh_from_db()
    assert (crm.is_active, crm.disabled_reason) == (True, "")


# --- the contact page -------------------------------------------------------------------------------------------------


def test_the_contact_page_tells_what_was_done(admin_client, anne):
    a_trigger()
    triggers.fire([move(anne, 0, 60)])
    delivery.perform_due()

    shown = admin_client.get(reverse("admin:contacts_contact_overview", args=[anne.pk])).content.decode()

    assert "0 → 60" in shown
    assert 'data-delivery="change_tags" data-state="sent"' in shown
    assert "The action “carrier_pigeon” is not installed." in shown
