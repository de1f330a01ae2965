"""Consent in the admin: the settings page, the record of answers, requests for data, and the filter of contacts."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from contacts import consent, consent_policies, consent_texts
from contacts.models import Consent, ConsentPolicy, ConsentText, DataRequest
from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db
SETTINGS = "/admin/contacts/consentpolicy/"


@pytest.fixture
def admin(client, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    client.user = user
    return client


def as_shown(response):
    form = response.context["form"]
    return {name: form[name].initial for name in form.fields}


def test_settings_and_texts_are_changed_on_one_page_and_their_history_is_kept(admin):
    page = admin.get(SETTINGS)
    values = as_shown(page)
    assert (values["web_tracking-mode"], values["profiling-mode"]) == ("required", "assumed")

    saved = values | {"profiling-mode": "required", "profiling-fr": "Un score pour moi ?"}
    assert admin.post(SETTINGS, saved).status_code == 302

    assert consent_policies.required() == {"web_tracking", "profiling"}
    assert list(ConsentPolicy.objects.values_list("purpose", "is_required", "author")) == [
        ("profiling", True, admin.user.pk)
    ]
    assert list(ConsentText.objects.values_list("purpose", "language", "version", "text")) == [
        ("profiling", "fr", 1, "Un score pour moi ?")
    ]
    text = admin.get(SETTINGS).content.decode()
    assert "Un score pour moi ?" in text
    assert "version 1" in text

    admin.post(SETTINGS, saved)
    assert (ConsentPolicy.objects.count(), ConsentText.objects.count()) == (1, 1)


def test_an_empty_text_or_an_unknown_setting_changes_nothing(admin):
    values = as_shown(admin.get(SETTINGS))

    response = admin.post(SETTINGS, values | {"profiling-fr": " ", "profiling-mode": "never"})

    assert response.status_code == 200
    assert set(response.context["form"].errors) == {"profiling-fr", "profiling-mode"}
    assert (ConsentPolicy.objects.count(), ConsentText.objects.count()) == (0, 0)


def test_who_may_only_look_changes_nothing(client, settings):
    settings.CONSENT_REQUIRED = []
    user = UserFactory()
    user.user_permissions.add(Permission.objects.get(codename="view_consentpolicy"))
    client.force_login(user)
    values = as_shown(client.get(SETTINGS))

    response = client.post(SETTINGS, values | {"profiling-mode": "required"})

    assert (response.status_code, ConsentPolicy.objects.count()) == (200, 0)
    assert 'type="submit" class="contact-button is-primary"' not in response.content.decode()


def test_who_has_no_permission_sees_nothing_of_the_settings(client):
    client.force_login(UserFactory())

    assert (client.get(SETTINGS).status_code, client.post(SETTINGS, {}).status_code) == (403, 403)


def test_the_record_shows_every_answer_and_nobody_enters_one(admin):
    ada = ContactFactory(email="ada@example.com")
    consent.give(ada, "profiling", "Score me", "Fair", "203.0.113.77")
    row = consent.withdraw(ada, "profiling", source="Preference page")

    page = admin.get("/admin/contacts/consent/").content.decode()
    assert page.count("ada@example.com") >= 2
    assert "Preference page" in page
    assert "Score me" in admin.get(f"/admin/contacts/consent/{row.pk - 1}/change/").content.decode()
    assert admin.get("/admin/contacts/consent/add/").status_code == 403
    only_yes = admin.get("/admin/contacts/consent/?granted=yes").content.decode()
    assert ("Fair" in only_yes, "Preference page" in only_yes) == (True, False)


def test_requests_for_data_are_noted_as_done(admin):
    asked = DataRequest.objects.create(contact=ContactFactory(), kind="export")

    admin.post(
        reverse("admin:contacts_datarequest_changelist"),
        {"action": "note_done", "_selected_action": [asked.pk]},
        follow=True,
    )

    asked.refresh_from_db()
    assert (asked.done_at is not None, asked.done_by) == (True, admin.user)


@pytest.mark.parametrize(
    ("value", "found"),
    [("profiling-given", "yes"), ("profiling-refused", "no"), ("profiling-unasked", "silent"), ("x-y", "all")],
)
def test_contacts_are_filtered_by_their_answer(admin, value, found):
    people = {name: ContactFactory(email=f"{name}@example.com") for name in ("yes", "no", "silent")}
    consent.give(people["yes"], "profiling")
    consent.withdraw(people["no"], "profiling")

    page = admin.get(f"/admin/contacts/contact/?consent={value}")

    shown = {contact.email.split("@")[0] for contact in page.context["cl"].result_list}
    assert shown == ({"yes", "no", "silent"} if found == "all" else {found})


def test_no_bulk_action_gives_a_consent(admin):
    actions = admin.get("/admin/contacts/contact/").context["action_form"].fields["action"].choices
    assert not [name for name, _label in actions if "consent" in name]
    assert Consent.objects.count() == 0


def test_which_words_were_shown_is_said_for_each_answer(admin):
    ada = ContactFactory(email="ada@example.com")
    consent_texts.write("profiling", "fr", "Un score ?")
    consent.give(ada, "profiling", "Un score ?")
    consent.give(ada, "profiling", consent_texts.said("profiling", "fr", 0))
    consent.give(ada, "email", "Write to me")
    consent.give(ada, "sms")

    cells = re.findall(r"<td[^>]*field-version[^>]*>(.*?)</td>", admin.get("/admin/contacts/consent/").text, re.DOTALL)
    shown = [re.sub("<[^>]+>", "", cell).strip() for cell in cells]

    assert shown == ["–", "The words of the form or site", "Bareme’s standard text", "1 · French"]


def test_the_contact_page_tells_of_every_answer_also_about_writing(admin):
    ada = ContactFactory(email="ada@example.com", phone="")
    page = admin.get(ada.get_absolute_url())
    assert [(one.purpose, one.latest) for one in page.context["answers"]][-1] == ("Writing by email", None)

    row = consent.give(ada, "email", "Write to me", "Newsletter")
    Consent.objects.filter(pk=row.pk).update(asked_at=row.given_at)
    consent.withdraw(ada, "sms")

    page = admin.get(ada.get_absolute_url())
    answers = {one.purpose: one.latest and one.latest.granted for one in page.context["answers"]}
    assert answers == {
        "Web tracking": None,
        "Email-open tracking": None,
        "Link tracking": None,
        "Profiling": None,
        "Writing by email": True,
        "Writing by SMS": False,
    }
    assert page.text.count("yes, confirmed by mail") == 1
