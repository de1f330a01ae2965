"""The preference page, reached from each message; and STOP by SMS."""

import re

import pytest
from django.core import mail
from django.utils import translation

from campaigns.mail import links, send
from campaigns.models import Message
from contacts import consent, consent_policies, consent_texts
from contacts.models import Consent, DataRequest
from tests.factories import ContactFactory, EmailFactory
from tracking import apikeys, tokens
from tracking.models import ApiKey, Hit, Kind
from tracking.tokens import Ref

pytestmark = pytest.mark.django_db


@pytest.fixture
def anne(settings):
    settings.PUBLIC_URL, settings.CONSENT_REQUIRED = "https://bareme.example", ["email_tracking"]
    return ContactFactory(email="anne@example.com", phone="+33612345678", language="en")


@pytest.fixture
def link(anne):
    return links.preferences(Ref(anne.pk, 7, 9)).removeprefix("https://bareme.example")


def checked(page):
    text = page.content.decode()
    boxes = re.findall(r'<input type="checkbox" id="choice-(\w+)"[^>]*?( checked)?>', text)
    return {name: bool(on) for name, on in boxes}


def send_back(client, link, page, **changed):
    """Save the page as it was shown, but for these boxes."""
    on = [name for name, is_on in (checked(page) | changed).items() if is_on]
    shown = re.findall(r'name="shown" value="([^"]+)"', page.content.decode())
    return client.post(link, {"shown": shown, "on": on}, REMOTE_ADDR="203.0.113.77")


def answers(contact):
    return {row.purpose: row.granted for row in consent.answers(contact).values()}


def test_looking_shows_how_it_stands_and_changes_nothing(client, link):
    page = client.get(link)

    assert checked(page) == {
        "email": True, "sms": True, "web_tracking": True, "email_tracking": False, "link_tracking": True,
        "profiling": True,
    }  # fmt: skip
    assert "anne@example.com" in page.content.decode()
    assert (Consent.objects.count(), Hit.objects.count()) == (0, 0)
    assert page["Cache-Control"] == "no-store"
    assert "frame-ancestors 'self'" in page["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("header", "said"), [({"DNT": "1"}, True), ({"Sec-GPC": "1"}, True), ({"DNT": "0"}, False), ({}, False)]
)
def test_a_browser_that_asks_not_to_be_followed_is_told_that_it_is_heard(client, link, header, said):
    assert ("Your browser asks websites not to follow you" in client.get(link, headers=header).text) is said


def test_saving_keeps_what_was_changed_with_proof_and_shows_it(client, link, anne):
    words = consent_texts.write("email_tracking", "en", "May we see what you open?")

    response = send_back(client, link, client.get(link), email_tracking=True, web_tracking=False, sms=False)

    assert (response.status_code, response["Location"]) == (303, f"{link}?done=saved")
    assert answers(anne) == {"email_tracking": True, "web_tracking": False, "sms": False}
    proof = Consent.objects.get(purpose="email_tracking")
    assert (proof.shown, proof.ip, proof.source) == (words, "203.0.113.0", "Preference page")
    with translation.override("fr"):
        assert Consent.objects.get(pk=proof.pk).source == "Page des préférences"
    page = client.get(response["Location"])
    assert [name for name, on in checked(page).items() if on] == [
        "email", "email_tracking", "link_tracking", "profiling",
    ]  # fmt: skip
    assert "Your choices are saved" in page.content.decode()


def test_a_box_that_was_ticked_beforehand_and_left_is_no_answer(client, link, anne):
    send_back(client, link, client.get(link), web_tracking=False)

    assert answers(anne) == {"web_tracking": False}
    assert Consent.objects.count() == 1
    assert "we take it that you do not mind" in client.get(link).content.decode()


def test_saving_without_a_change_records_nothing_and_says_so(client, link, anne):
    response = send_back(client, link, client.get(link))

    assert response["Location"] == f"{link}?done=same"
    assert (Consent.objects.count(), anne.blocks.count(), Hit.objects.count()) == (0, 0, 0)
    said = client.get(response["Location"]).content.decode()
    assert "Nothing was changed, so everything stays as it was." in said
    assert "Your choices are saved" not in said


def test_a_page_opened_before_the_last_answer_takes_nothing_of_it_back(client, link, anne):
    stale = client.get(link)
    send_back(client, link, stale, profiling=False, email_tracking=True, email=False)

    send_back(client, link, stale, link_tracking=False)

    assert answers(anne) == {"profiling": False, "email_tracking": True, "email": False, "link_tracking": False}
    assert list(anne.blocks.values_list("channel", flat=True)) == ["email"]
    assert Consent.objects.count() == 4


def test_an_answer_given_again_on_a_page_opened_before_is_noted_once(client, link, anne):
    stale = client.get(link)
    for _again in range(2):
        response = send_back(client, link, stale, profiling=False, email_tracking=True)

    assert response["Location"] == f"{link}?done=same"
    assert answers(anne) == {"profiling": False, "email_tracking": True}
    assert Consent.objects.count() == 2


def test_what_was_refused_can_be_allowed_again(client, link, anne):
    send_back(client, link, client.get(link), profiling=False, email=False)
    send_back(client, link, client.get(link), profiling=True, email=True)

    assert answers(anne) == {"profiling": True, "email": True}
    assert anne.blocks.count() == 0


def test_a_refusal_counts_though_the_setting_changed_since_the_page_was_opened(client, link, anne):
    page = client.get(link)
    consent_policies.decide("profiling", True)

    send_back(client, link, page, profiling=False)

    assert answers(anne) == {"profiling": False}


@pytest.mark.parametrize(
    "shown", [[], ["profiling"], ["profiling.on"], ["profiling.off"], ["profiling.on", "profiling.off"]]
)
def test_no_word_about_what_was_shown_makes_an_assumed_yes_an_answer(client, link, shown):
    client.post(link, {"shown": shown, "on": ["profiling"]})
    assert Consent.objects.count() == 0


@pytest.mark.parametrize("shown", ["email_tracking", "email_tracking.on", "email_tracking.off", "email_tracking.xx"])
def test_no_word_about_what_was_shown_makes_a_yes_of_a_box_that_was_not_ticked(client, link, shown):
    client.post(link, {"shown": [shown], "on": ["profiling"]})
    assert not Consent.objects.filter(granted=True).exists()


def test_a_refusal_on_a_page_opened_before_an_update_counts_and_a_yes_is_asked_for_again(client, link, anne):
    client.post(link, {"shown": ["profiling", "email_tracking", "nonsense"], "on": ["email_tracking"]})
    assert answers(anne) == {"profiling": False}


def test_only_what_was_shown_is_answered(client, link, anne):
    client.post(link, {"shown": ["profiling.on", "nonsense.on"], "on": ["email", "email_tracking"]})
    assert answers(anne) == {"profiling": False}


def test_everything_can_be_refused_with_one_button(client, link, anne):
    client.post(link, {"nothing": "1"})
    client.post(link, {"nothing": "1"})

    assert set(answers(anne).values()) == {False}
    assert set(anne.blocks.values_list("channel", "reason")) == {("email", "unsubscribed"), ("sms", "unsubscribed")}
    assert Hit.objects.filter(kind=Kind.UNSUBSCRIBED).count() == 1


def test_the_page_speaks_both_languages(client, link):
    assert client.get(f"{link}?lang=fr")["Content-Language"] == "fr"
    assert client.get(f"{link}?lang=xx")["Content-Language"] == "en"
    saved = client.post(f"{link}?lang=fr", {"shown": ["profiling.on"]})
    assert saved["Location"] == f"{link}?done=saved&lang=fr"


@pytest.mark.parametrize("kind", ["export", "erasure"])
def test_data_can_be_asked_for_once_at_a_time(client, link, anne, kind):
    client.post(link, {"ask": kind})
    response = client.post(link, {"ask": kind})

    assert response["Location"] == f"{link}?done=asked"
    assert list(DataRequest.objects.values_list("contact", "kind")) == [(anne.pk, kind)]
    assert Consent.objects.count() == 0


def test_a_forged_or_foreign_token_opens_nothing(client, anne, link):
    foreign = tokens.sign_ref("unsubscribe", Ref(anne.pk, 7, 9))
    for path in (f"/u/{foreign}/choices", f"/u/{link.split('/')[2][:-1]}A/choices", "/u/x/choices"):
        assert client.get(path).status_code == 404
        assert client.post(path, {"nothing": "1"}).status_code == 404
    assert Consent.objects.count() == 0


def test_an_erased_contact_and_a_test_mail_change_nothing(client, anne, link):
    anne.delete()
    test = links.preferences(Ref(0, 0, 0)).removeprefix("https://bareme.example")

    for path in (link, test):
        assert client.post(path, {"nothing": "1"}).status_code == 200
    assert "test" in client.get(test).content.decode()
    assert Consent.objects.count() == 0


def test_a_test_mail_carries_both_links_and_they_are_nobodys(client, anne):
    send.test_to(EmailFactory(html="<p>Hello</p>"), anne, "colleague@example.com")

    (sent,) = mail.outbox
    html = sent.alternatives[0][0]
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    paths = re.findall(r"https://bareme\.example(/u/[\w-]+(?:/choices)?)", html)
    assert [path.endswith("/choices") for path in paths] == [False, True]
    for path in paths:
        client.post(path, {"nothing": "1"})
    assert (anne.blocks.count(), Consent.objects.count(), Hit.objects.count()) == (0, 0, 0)


# --- SMS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secret():
    return apikeys.issue(ApiKey(name="gateway"))


def answer(client, secret, text, number="+33 6 12 34 56 78"):
    return client.post(
        "/api/v1/sms/inbound",
        {"from": number, "text": text},
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )


@pytest.mark.parametrize("text", ["STOP", " stop. ", "Stop merci", "Arrêt", "DÉSABONNER"])
def test_stop_stops_everybody_with_that_number_once(client, anne, secret, text):
    other, stranger = ContactFactory(phone=anne.phone), ContactFactory(phone="+33600000000")

    first, again = answer(client, secret, text), answer(client, secret, text)

    assert (first.status_code, first.json(), again.json()) == (202, {"understood": "stop", "contacts": 2}, first.json())
    assert [one.blocks.count() for one in (anne, other, stranger)] == [1, 1, 0]
    rows = Consent.objects.order_by("contact").values_list("contact", "purpose", "granted", "text")
    assert list(rows) == [(anne.pk, "sms", False, text.strip()), (other.pk, "sms", False, text.strip())]


def test_start_takes_back_ones_own_stop_and_no_other_block(client, anne, secret):
    answer(client, secret, "STOP")
    answer(client, secret, "START")
    assert (anne.blocks.count(), answers(anne)) == (0, {"sms": True})

    consent.block(anne, "sms", "manual")
    answer(client, secret, "START")
    assert anne.blocks.count() == 1


def test_other_words_and_numbers_change_nothing(client, anne, secret):
    assert answer(client, secret, "Please do not stop").json() == {"understood": "", "contacts": 0}
    assert answer(client, secret, "STOP", "+33699999999").json() == {"understood": "stop", "contacts": 0}
    assert answer(client, secret, "STOP", "nobody").status_code == 422
    assert answer(client, "wrong", "STOP").status_code == 401
    assert (anne.blocks.count(), Message.objects.count()) == (0, 0)
