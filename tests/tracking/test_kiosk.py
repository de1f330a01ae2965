"""Forms that staff fill in for others, and browsers of our own people: nobody is recognised there, nothing is followed."""

import html
import re

import pytest
from django.urls import reverse

from config import pipeline
from contacts.models import Contact
from tests.factories import AssetFactory, ContactFactory, FormFactory, FormFieldFactory, LandingPageFactory, UserFactory
from tracking import browsers, kiosk, passes
from tracking.models import Event, FormSubmission, Hit, Kind, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def stand(form):
    form.is_kiosk = True
    form.save()
    return form


def post(client, form, nonce, address="", **answers):
    values = {"bareme_nonce": nonce(form), "email": "lead@example.com", **answers}
    return client.post(address or reverse("tracking:form", args=[form.public_id]), values)


def test_leads_at_a_stand_are_contacts_and_the_device_is_nobodys(client, free, stand, nonce):
    for number in range(3):
        answer = post(client, stand, nonce, email=f"lead{number}@example.com")
        assert answer.status_code == 303
    pipeline.drain()

    assert client.cookies == {}
    assert sorted(Contact.objects.values_list("email", flat=True)) == [f"lead{n}@example.com" for n in range(3)]
    assert FormSubmission.objects.filter(visitor=None).count() == 3
    assert Visitor.objects.count() == 0


def test_a_device_that_is_known_is_not_the_lead(client, free, stand, nonce):
    staff = ContactFactory(email="staff@example.com")
    browser = Visitor.objects.create(contact=staff, is_sure=True)
    client.cookies[browsers.COOKIE] = str(browser.pk)

    post(client, stand, nonce, bareme_visitor=str(browser.pk))
    pipeline.drain()

    browser.refresh_from_db()
    assert browser.contact == staff
    assert FormSubmission.objects.get().contact.email == "lead@example.com"


def test_the_form_is_there_again_after_the_thanks(client, stand, nonce):
    answer = post(client, stand, nonce)
    thanks = client.get(answer.url)

    assert thanks["Refresh"] == f"6; url=/f/{stand.public_id}"
    assert "Refresh" not in client.get(f"/f/{stand.public_id}")


def test_a_kiosk_stays_where_it_is_wherever_the_form_would_lead(client, stand, nonce):
    stand.thank_you, stand.redirect_url = "redirect", "https://shop.example/thanks"
    stand.save()

    assert post(client, stand, nonce).url.startswith(f"/f/{stand.public_id}?sent=")


def test_any_form_is_a_kiosk_by_its_signed_link_and_by_no_other(client, free, form, nonce):
    address = kiosk.url(form).removeprefix("https://").partition("/")[2]
    address = f"/{address}" if address.startswith("f/") else kiosk.url(form)[kiosk.url(form).index("/f/") :]
    drawn = client.get(address)
    assert f'action="{address}"' in drawn.text

    answer = post(client, form, nonce, address)
    assert (client.cookies, Hit.objects.get().visitor_id) == ({}, None)
    assert client.get(answer.url)["Refresh"] == f"6; url={address}"

    for forged in ("x", kiosk.url(FormFactory()).partition("kiosk=")[2]):
        answer = post(client, form, nonce, f"/f/{form.public_id}?kiosk={forged}", email=f"{len(forged)}@example.com")
        assert browsers.COOKIE in answer.cookies
    assert Hit.objects.filter(visitor_id=None).count() == 1


def test_a_kiosk_embedded_by_script_says_when_to_begin_again(client, stand, nonce):
    stand.thank_you, stand.redirect_url = "redirect", "https://shop.example/thanks"
    stand.save()
    values = {"bareme_nonce": nonce(stand), "email": "lead@example.com"}
    answer = client.post(f"/f/{stand.public_id}", values, headers={"Accept": "application/json"}).json()

    assert (answer["again"], answer["redirect_url"], answer["agreed"]) == (6, "", [])


@pytest.mark.parametrize("how", ["ticked", "link", "landing page", "script", "sent back"])
def test_what_one_typed_is_not_proposed_to_the_next(client, form, nonce, how):
    path = f"/f/{form.public_id}"
    assert 'autocomplete="email"' in client.get(path).text
    if how == "link":
        path = kiosk.url(form)[kiosk.url(form).index("/f/") :]
    else:
        form.is_kiosk = True
        form.save()
    if how == "landing page":
        path = f"/p/{LandingPageFactory(form=form).slug}"
    if how == "sent back":
        drawn = post(client, form, nonce, email="no address")
    else:
        drawn = client.get(f"{path}.js" if how == "script" else path)
    said = re.sub(r'"([a-z-]+)":', r"\1=", drawn.text)  # the script's JSON reads like HTML

    assert re.search('autocomplete="off"[ ,]data-kiosk', said)
    assert 'autocomplete="email"' not in said


@pytest.mark.parametrize("how", ["ticked", "link"])
def test_a_kiosk_asks_everything_of_everybody_whoever_the_device_is_known_as(client, form, how):
    form.leave_out_known, form.is_kiosk, form.ask_at_most = True, how == "ticked", 1
    form.save()
    FormFieldFactory(form=form, key="company", contact_field="company")
    FormFieldFactory(form=form, key="city", contact_field="city")
    browser = Visitor.objects.create(contact=ContactFactory(city="Lyon"), is_sure=True)
    client.cookies[browsers.COOKIE] = str(browser.pk)
    address = kiosk.url(form)[kiosk.url(form).index("/f/") :]

    assert 'name="city"' in client.get(address).text
    assert "data-known" not in client.get(address).text
    if how == "ticked":
        asked = client.get(f"/f/{form.public_id}?visitor={browser.pk}", headers={"Accept": "application/json"})
        assert '"name": "city"' in asked.text
        assert '"known":false' in client.get(f"/f/{form.public_id}.js").text


def test_what_is_downloaded_at_a_kiosk_is_not_of_whom_the_device_is_known_as(client, free, stand, nonce):
    stand.thank_you, stand.asset = "asset", AssetFactory(url="https://shop.example/paper.pdf")
    stand.save()
    staff = ContactFactory(email="staff@example.com")
    browser = Visitor.objects.create(contact=staff, is_sure=True)
    client.cookies[browsers.COOKIE] = str(browser.pk)
    thanks = client.get(post(client, stand, nonce, bareme_visitor=str(browser.pk)).url).text

    client.get(html.unescape(re.search(r'href="[^"]*(/a/[^"]*)"', thanks)[1]))
    pipeline.drain()

    assert Event.objects.get(kind=Kind.ASSET_DOWNLOADED).contact is None


# --- our own people ---------------------------------------------------------------------------------------------------


def test_whoever_uses_the_admin_is_not_tracked_in_that_browser(client, free, form, nonce):
    page, asset = LandingPageFactory(), AssetFactory()
    client.force_login(UserFactory())
    client.get("/admin/")
    assert client.cookies[browsers.STAFF_COOKIE].value == "1"

    for address in (f"/p/{page.slug}", f"/a/{asset.public_id}"):
        assert client.get(address).status_code in (200, 302)
    assert Hit.objects.count() == 0
    answer = post(client, form, nonce)
    assert browsers.COOKIE not in answer.cookies
    assert (Hit.objects.get().kind, Hit.objects.get().visitor_id) == (Kind.FORM_SUBMITTED, None)


def test_strangers_at_the_admins_door_are_visitors(client, free):
    client.get("/admin/login/")

    assert browsers.STAFF_COOKIE not in client.cookies


def test_our_own_people_may_ask_to_be_treated_as_visitors(client, free):
    page = LandingPageFactory()
    client.force_login(UserFactory())
    client.get("/admin/")
    assert "not recorded" in client.get("/t/own").text

    client.post("/t/own", {"tracked": "yes"})
    client.get("/admin/")
    assert "as any visitor" in client.get("/t/own").text
    client.get(f"/p/{page.slug}")
    assert Hit.objects.count() == 1

    client.post("/t/own", {"tracked": "no"})
    client.get(f"/p/{page.slug}")
    assert Hit.objects.count() == 1


def test_a_pass_in_the_address_names_nobody_in_a_browser_of_ours(client, free):
    page, ada = LandingPageFactory(), ContactFactory()
    client.cookies[browsers.STAFF_COOKIE] = "1"
    client.get(f"/p/{page.slug}?{passes.PARAMETER}={passes.issue(ada.pk)}")
    pipeline.drain()

    assert Event.objects.filter(kind=Kind.LANDING_PAGE_VISITED).count() == 0


def test_no_other_site_decides_whether_a_browser_is_tracked(client, db):
    client.post("/t/own", {"tracked": "no"}, headers={"Sec-Fetch-Site": "same-origin"})

    client.post("/t/own", {"tracked": "yes"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert client.cookies["bareme_staff"].value == "1"
