"""Chromium on a page of another origin: all a form can ask, by script, in a frame, as plain HTML, and without a script."""

import pytest
from playwright.sync_api import expect

from tests.factories import ContactFactory, FormFactory, FormFieldFactory
from tests.tracking.test_form_builder_in_browser import picture
from tests.tracking.test_in_browser import bareme, page, recorded, site, snippet  # noqa: F401 - fixtures
from tracking.models import Hit, Kind, Upload, Visitor

pytestmark = pytest.mark.django_db(transaction=True)
PDF = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 plan"}
WAYS = ("script", "iframe", "html", "link")


@pytest.fixture
def form(transactional_db):
    """A field of every kind that visitors see, one that depends on another, and one from the address."""
    form = FormFactory(name="Demo", title="Ask for a demo")
    rows = [
        {"key": "about", "label": "About you", "type": "heading"},
        {"key": "email", "label": "Email", "type": "email", "required": True, "contact_field": "email"},
        {"key": "first", "label": "First name", "half_width": True, "contact_field": "first_name"},
        {"key": "city", "label": "City", "half_width": True, "placeholder": "Lyon"},
        {"key": "phone", "label": "Phone", "type": "phone"},
        {"key": "team", "label": "How many are you?", "type": "number", "options": {"minimum": "1"}},
        {"key": "site", "label": "Your site", "type": "url"},
        {"key": "day", "label": "Which day?", "type": "date"},
        {"key": "hour", "label": "At what time?", "type": "time"},
        {"key": "plan", "label": "Plan", "type": "select", "choices": ["Free", "Pro"]},
        {"key": "customer", "label": "Are you a customer?", "type": "radio", "choices": ["Yes", "No"]},
        {"key": "number", "label": "Customer number", "required": True},
        {"key": "topics", "label": "Topics", "type": "checkboxes", "choices": ["Price", "Support"]},
        {"key": "country", "label": "Country", "type": "country"},
        {"key": "stars", "label": "How do you like us?", "type": "scale"},
        {"key": "file", "label": "Your plan", "type": "file", "options": {"megabytes": "1"}},
        {"key": "note", "label": "Text", "type": "textarea"},
        {"key": "small", "label": "We call you back.", "type": "paragraph"},
        {"key": "call", "label": "Call me", "type": "checkbox"},
        {"key": "ok", "label": "You may profile me.", "type": "consent", "purpose": "profiling"},
        {"key": "utm", "label": "UTM", "type": "hidden", "options": {"parameter": "utm_source"}},
    ]
    for position, row in enumerate(rows):
        FormFieldFactory(form=form, position=position, **row)
    form.fields.filter(key="number").update(depends_on="customer", depends_how="is", depends_values=["Yes"])
    return form


def shown(page, site, bareme, form, way, more=""):  # noqa: F811
    """Open the form this way; what to look in for its fields."""
    if way == "link":
        page.goto(f"{bareme}/f/{form.public_id}?utm_source=mail")
        return page
    url = site.write(snippet(form, way) + more)
    page.goto(f"{url}?utm_source=mail")
    return page.frame_locator("iframe") if way == "iframe" else page


def fill_all(where):
    where.get_by_label("Email").fill("ada@example.com")
    where.get_by_label("First name").fill("Ada")
    where.get_by_label("City").fill("Lyon")
    where.get_by_label("Phone").fill("+33 6 12 34 56 78")
    where.get_by_label("How many are you?").fill("12")
    where.get_by_label("Your site").fill("https://a.example/")
    where.get_by_label("Which day?").fill("2026-05-01")
    where.get_by_label("At what time?").fill("09:30")
    where.get_by_label("Plan", exact=False).first.select_option("Pro")
    where.get_by_label("Yes").check()
    where.get_by_label("Customer number").fill("C-7")
    where.get_by_label("Support").check()
    where.get_by_label("Country").select_option("FR")
    where.get_by_role("group", name="How do you like us?").get_by_label("4").check()
    where.get_by_label("Your plan").set_input_files(PDF)
    where.get_by_label("Text").fill("Hello\nyou")
    where.get_by_label("Call me").check()
    where.get_by_label("You may profile me.").check()


ANSWERS = {
    "email": "ada@example.com",
    "first": "Ada",
    "city": "Lyon",
    "phone": "+33612345678",
    "team": "12",
    "site": "https://a.example/",
    "day": "2026-05-01",
    "hour": "09:30",
    "plan": "Pro",
    "customer": "Yes",
    "number": "C-7",
    "topics": ["Support"],
    "country": "FR",
    "stars": "4",
    "file": "plan.pdf",
    "note": "Hello\r\nyou",
    "call": True,
    "ok": True,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_type_of_field_arrives_by_every_way(page, site, bareme, form, way):  # noqa: F811
    script = f'<script src="{bareme}/t/bareme.js" async></script>'
    if way == "script":
        site.policy = f"default-src 'none'; script-src {bareme}; connect-src {bareme}"
    where = shown(page, site, bareme, form, way, script)
    page.wait_for_timeout(1100)
    picture(page, f"form-{way}")
    fill_all(where)
    where.get_by_role("button", name="Send").click()
    where.get_by_role("status").wait_for()

    ((_kind, _url, data),) = recorded(page, 1, Kind.FORM_SUBMITTED)
    assert {key: value for key, value in data["answers"].items() if key != "utm"} == ANSWERS
    assert (data["answers"]["utm"], data["consents"]) == ("mail", {"profiling": "You may profile me."})
    with Upload.objects.get().file.open() as file:
        assert file.read() == PDF["buffer"]
    assert page.complaints == []


@pytest.mark.parametrize("way", ["script", "iframe", "link"])
def test_a_question_appears_with_the_answer_it_depends_on(page, site, bareme, form, way):  # noqa: F811
    where = shown(page, site, bareme, form, way)
    number = where.get_by_label("Customer number")
    where.get_by_label("Email").fill("ada@example.com")
    assert number.is_visible() is False
    where.get_by_label("Yes").check()
    number.fill("C-7")
    where.get_by_role("radio", name="No").check()
    assert number.is_visible() is False
    page.wait_for_timeout(1100)
    where.get_by_role("button", name="Send").click()
    where.get_by_role("status").wait_for()

    ((_kind, _url, data),) = recorded(page, 1, Kind.FORM_SUBMITTED)
    assert (data["answers"]["customer"], "number" in data["answers"]) == ("No", False)


def test_the_back_button_brings_the_answers_and_what_depends_on_them_back(page, site, bareme, form):  # noqa: F811
    next_page = site.write("", name="next.html")
    shown(page, site, bareme, form, "link")
    page.get_by_label("Yes").check()
    page.get_by_label("Customer number").fill("C-7")
    page.goto(next_page)
    page.go_back()
    page.get_by_label("Email").wait_for()

    assert page.get_by_label("Customer number").is_visible() is page.get_by_label("Yes").is_checked()


@pytest.mark.parametrize("way", ["script", "link"])
def test_a_file_that_is_too_large_is_said_before_it_is_sent(page, site, bareme, form, way):  # noqa: F811
    where = shown(page, site, bareme, form, way)
    posts = []
    page.on(
        "request",
        lambda request: posts.append(request.url) if request.method == "POST" and "/f/" in request.url else None,
    )
    where.get_by_label("Email").fill("ada@example.com")
    where.get_by_label("Your plan").set_input_files({**PDF, "buffer": b"%PDF" + bytes(1_000_001)})

    error = where.locator("[data-key=file] .bareme-errors")
    assert "too large" in error.inner_text()
    assert where.get_by_label("Your plan").get_attribute("aria-describedby") == error.get_attribute("id")
    where.get_by_role("button", name="Send").click()
    page.wait_for_timeout(300)
    assert (posts, page.evaluate("document.activeElement.name")) == ([], "file")
    where.get_by_label("Your plan").set_input_files(PDF)
    assert error.is_visible() is False


@pytest.mark.parametrize("way", ["script", "link"])
def test_an_error_goes_as_soon_as_its_field_is_right(page, site, bareme, form, way):  # noqa: F811
    FormFieldFactory(
        form=form, key="days", label="Days", type="checkboxes", choices=["Mon", "Tue"], required=True, position=30
    )
    where = shown(page, site, bareme, form, way)
    where.get_by_label("Email").fill("ada@")
    page.wait_for_timeout(1100)
    where.get_by_role("button", name="Send").click()
    alert, email, mail_error, days_error = (
        where.get_by_role("alert"),
        where.get_by_label("Email"),
        where.locator("[data-key=email] .bareme-errors"),
        where.locator("[data-key=days] .bareme-errors"),
    )
    days_error.wait_for()
    tied = (email.get_attribute("aria-invalid"), email.get_attribute("aria-describedby"))
    assert (tied, mail_error.is_visible()) == (("true", mail_error.get_attribute("id")), True)

    email.fill("ada@example")
    assert (mail_error.is_visible(), alert.is_visible()) == (False, True)
    assert (email.get_attribute("aria-invalid"), email.get_attribute("aria-describedby")) == (None, None)
    where.get_by_label("Mon").check()
    assert (days_error.is_visible(), alert.is_visible()) == (False, False)


@pytest.mark.parametrize("way", ["script", "iframe", "link"])
def test_the_browser_calculates_while_the_visitor_types(page, site, bareme, form, way):  # noqa: F811
    form.proof_of_work = True
    form.save()
    where = shown(page, site, bareme, form, way)
    where.get_by_label("Email").fill("ada@example.com")
    page.wait_for_timeout(1100)  # below what a browser without the calculation has to wait

    where.get_by_role("button", name="Send").dblclick()
    where.get_by_role("status").wait_for()

    assert len(recorded(page, 1, Kind.FORM_SUBMITTED)) == 1
    assert page.complaints == []


@pytest.mark.parametrize("way", ["iframe", "link"])
def test_one_press_is_enough_where_the_calculation_is_done_already(page, site, bareme, form, way):  # noqa: F811
    form.proof_of_work = True
    form.save()
    where = shown(page, site, bareme, form, way)
    where.get_by_label("Email").fill("ada@example.com")
    where.locator("input[name=bareme_work]").wait_for(state="attached")
    page.wait_for_timeout(1100)

    where.get_by_role("button", name="Send").click()
    where.get_by_role("status").wait_for()

    assert len(recorded(page, 1, Kind.FORM_SUBMITTED)) == 1


def test_where_the_script_is_blocked_a_link_leads_to_the_form(page, site, bareme, form):  # noqa: F811
    page.route(f"**/f/{form.public_id}.js", lambda route: route.abort())
    shown(page, site, bareme, form, "script")

    page.get_by_role("link", name="Ask for a demo").click()

    page.wait_for_url(f"{bareme}/f/{form.public_id}")
    assert page.get_by_label("Email").is_visible()


def test_the_link_gives_way_to_the_form(page, site, bareme, form):  # noqa: F811
    where = shown(page, site, bareme, form, "script")
    where.get_by_label("Email").wait_for()

    assert page.get_by_role("link", name="Ask for a demo").count() == 0


def test_a_form_that_is_switched_off_leaves_no_link_to_nowhere(page, site, bareme, form):  # noqa: F811
    form.is_active = False
    form.save()
    page.goto(site.write(snippet(form, "script")))

    assert (page.get_by_role("link").count(), page.get_by_text("After").count()) == (0, 1)


@pytest.mark.parametrize("way", ["script", "iframe", "link"])
def test_what_is_known_of_the_visitor_is_not_asked_again(page, site, bareme, form, way):  # noqa: F811
    form.leave_out_known = True
    form.save()
    visitor = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
    Visitor.objects.create(id=visitor, contact=ContactFactory(first_name="Ada"), is_sure=True)
    for address, cookie in ((bareme, "bareme_browser"), (f"http://localhost:{site.port}", "bareme_visitor")):
        page.context.add_cookies([{"name": cookie, "value": visitor, "url": address}])

    where = shown(page, site, bareme, form, way, f'<script src="{bareme}/t/bareme.js"></script>')
    where.get_by_label("Email").wait_for()
    where.get_by_label("First name").wait_for(state="detached")
    where.get_by_label("Email").fill("ada@example.com")
    page.wait_for_timeout(1100)
    where.get_by_role("button", name="Send").click()
    where.get_by_role("status").wait_for()

    ((_kind, _url, data),) = recorded(page, 1, Kind.FORM_SUBMITTED)
    assert ("first" in data["answers"], str(Hit.objects.latest("id").visitor_id)) == (False, visitor)


@pytest.mark.parametrize("way", WAYS)
def test_a_form_is_begun_once_by_who_may_be_followed_and_what_is_typed_stays_there(page, site, bareme, form, way):  # noqa: F811
    where = shown(page, site, bareme, form, way, f'<script src="{bareme}/t/bareme.js" async></script>')
    if way != "link":
        recorded(page, 1, Kind.PAGE_VISITED)
    where.get_by_label("City").focus()
    where.get_by_label("City").press_sequentially("Lyon")
    where.get_by_label("Phone").fill("123")

    [(_kind, _url, data)] = recorded(page, 1, Kind.FORM_STARTED)
    assert data == {"form": form.pk}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("why", ["not asked", "refused", "global privacy control"])
def test_a_form_is_not_begun_by_who_may_not_be_followed(page, site, bareme, form, way, why, settings):  # noqa: F811
    settings.CONSENT_REQUIRED = ["web_tracking"] if why == "not asked" else []
    if why == "global privacy control":
        page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
        page.set_extra_http_headers({"Sec-GPC": "1"})
    elif why == "refused":
        page.context.add_cookies(
            [{"name": "bareme_consent", "value": "denied", "url": url} for url in (bareme, "http://localhost")]
        )
    where = shown(page, site, bareme, form, way, f'<script src="{bareme}/t/bareme.js" async></script>')
    where.get_by_label("City").fill("Lyon")
    page.wait_for_timeout(400)

    assert Hit.objects.count() == 0


def test_the_back_button_at_a_stand_brings_back_nothing_of_who_was_there_before(page, bareme, form):  # noqa: F811
    form.is_kiosk = True
    form.save()
    form.fields.exclude(key__in=["email", "first"]).delete()
    page.goto(f"{bareme}/f/{form.public_id}")
    page.get_by_label("Email").fill("ada@example.com")
    page.get_by_label("First name").fill("Ada")
    page.wait_for_timeout(1100)
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Thank you").wait_for()

    page.go_back()

    assert page.get_by_label("Email").input_value() == ""
    assert page.get_by_label("First name").input_value() == ""


IDLE = "Are you still there? What was typed goes in a moment. Touch the screen to go on."


@pytest.fixture
def stand(form):
    form.is_kiosk = True
    form.save()
    form.fields.exclude(key__in=["email", "city"]).delete()
    return form


@pytest.mark.parametrize("way", ["script", "iframe", "link"])
def test_what_is_left_half_filled_in_at_a_stand_goes_after_a_warning(page, site, bareme, stand, way):  # noqa: F811
    page.clock.install()
    where = shown(page, site, bareme, stand, way)
    city = where.get_by_label("City")
    city.fill("Lyon")

    page.clock.fast_forward(59_000)
    assert where.get_by_text(IDLE).count() == 0
    page.clock.fast_forward(1_500)
    where.get_by_text(IDLE).wait_for()
    where.get_by_label("Email").click()  # somebody is there
    where.get_by_text(IDLE).wait_for(state="detached")
    page.clock.fast_forward(59_000)
    assert city.input_value() == "Lyon"

    page.clock.fast_forward(1_500)
    where.get_by_text(IDLE).wait_for()
    page.clock.fast_forward(20_500)
    expect(city).to_have_value("")
    assert page.complaints == []


def test_what_was_sent_back_at_a_stand_goes_too_without_being_sent_again(page, bareme, stand):  # noqa: F811
    page.clock.install()
    page.goto(f"{bareme}/f/{stand.public_id}")
    page.get_by_label("City").fill("Lyon")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("This field is required.").wait_for()
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)

    page.clock.fast_forward(60_500)
    page.get_by_text(IDLE).wait_for()
    page.clock.fast_forward(20_500)

    expect(page.get_by_label("City")).to_have_value("")
    assert (page.get_by_text("This field is required.").count(), posts) == (0, [])


def test_an_empty_form_at_a_stand_and_one_elsewhere_wait_for_ever(page, bareme, stand):  # noqa: F811
    page.clock.install()
    page.goto(f"{bareme}/f/{stand.public_id}")
    page.get_by_label("City").click()
    page.clock.fast_forward(90_000)
    assert page.get_by_text(IDLE).count() == 0

    stand.is_kiosk = False
    stand.save()
    page.goto(f"{bareme}/f/{stand.public_id}")
    page.get_by_label("City").fill("Lyon")
    page.clock.fast_forward(90_000)
    assert (page.get_by_text(IDLE).count(), page.get_by_label("City").input_value()) == (0, "Lyon")
