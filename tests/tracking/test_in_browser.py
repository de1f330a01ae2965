"""Chromium on a page of another origin: the site script, and a form embedded by script, in a frame and as plain HTML."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.factories import FormFactory, FormFieldFactory
from tracking import embedding
from tracking.models import Hit, Kind

pytestmark = pytest.mark.django_db(transaction=True)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path != "/moved":
            return super().do_GET()
        self.send_response(302)  # to another origin
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/thanks.html")
        self.end_headers()


@pytest.fixture
def site(tmp_path):
    """Somebody's site: site.write(html, name) gives its address. `localhost`, where Bareme is on 127.0.0.1."""

    class Site:
        policy = ""

        def write(self, body, name="index.html", title="Page"):
            policy = f'<meta http-equiv="Content-Security-Policy" content="{self.policy}">' if self.policy else ""
            head = f'<!doctype html><html lang="en"><head><meta charset="utf-8">{policy}<title>{title}</title></head>'
            (tmp_path / name).write_text(f"{head}<body><h1>Shop</h1>{body}<p>After</p></body></html>")
            return f"http://localhost:{self.port}/{name}"

        def script(self, name, text):
            (tmp_path / name).write_text(text)

    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture
def bareme(live_server, settings):
    settings.PUBLIC_URL = live_server.url.replace("localhost", "127.0.0.1")
    settings.CONSENT_REQUIRED = []
    return settings.PUBLIC_URL


@pytest.fixture
def page(chromium):
    """A fresh browser; page.complaints are the errors of its console."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1000, "height": 1400})
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            page.complaints.append(message.text)
            if "Content Security" in message.text or "Trusted" in message.text
            else None
        ),
    )
    yield page
    context.close()


@pytest.fixture
def form(transactional_db):
    form = FormFactory(name="Demo", title="Ask for a demo")
    FormFieldFactory(form=form, key="email", label="Email", type="email", required=True, contact_field="email")
    FormFieldFactory(form=form, key="size", label="How many?", type="radio", choices=["Few", "Many"], required=True)
    return form


def recorded(page, count, kind=None):
    """Wait for this many hits; all of them as (kind, url, data), oldest first."""
    rows = Hit.objects.filter(kind=kind) if kind else Hit.objects.all()
    for _ in range(100):
        if rows.count() >= count:
            break
        page.wait_for_timeout(50)
    page.wait_for_timeout(150)
    return list(rows.order_by("at", "id").values_list("kind", "url", "data"))


def cookies(page, url):
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies(url)}


def beacons(page):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/t/b") else None)
    return sent


def test_the_script_counts_views_events_and_identifications_under_one_visitor(page, site, bareme):
    site.script(
        "calls.js",
        "window.bareme = window.bareme || function () { (bareme.q = bareme.q || []).push(arguments) };"
        "bareme('event', 'Trial started', {seats: 3}); bareme('identify', {email: 'ada@example.com'});",
    )
    site.policy = f"default-src 'none'; script-src 'self' {bareme}; connect-src {bareme}"
    url = site.write(
        f'<script src="calls.js"></script><script src="{bareme}/t/bareme.js" async></script>', title="Pricing"
    )

    page.goto(f"{url}?utm_source=mail&utm_campaign=may&x=1")

    hits = recorded(page, 3)
    assert hits == [
        (
            Kind.PAGE_VISITED,
            f"{url}?utm_source=mail&utm_campaign=may&x=1",
            {"title": "Pricing", "utm": {"source": "mail", "campaign": "may"}},
        ),
        (
            Kind.CUSTOM,
            f"{url}?utm_source=mail&utm_campaign=may&x=1",
            {"name": "Trial started", "properties": {"seats": 3}},
        ),
        (Kind.IDENTIFIED, "", {"email": "ada@example.com", "trusted": False}),
    ]
    (visitor,) = {str(visitor) for visitor in Hit.objects.values_list("visitor_id", flat=True)}
    assert (cookies(page, url), page.complaints) == ({"bareme_visitor": visitor}, [])


def test_single_page_navigation_and_the_back_button_are_views_with_their_titles(page, site, bareme):
    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script>', title="One")
    page.goto(url)
    recorded(page, 1)

    page.evaluate("history.pushState({}, '', '/two'); document.title = 'Two'")
    recorded(page, 2)
    page.evaluate("history.replaceState({}, '', '/two#anchor'); history.pushState({}, '', '/two#other')")
    page.evaluate("history.pushState({}, '', '/three#!/deep'); document.title = 'Three'")
    recorded(page, 3)
    page.go_back()
    page.go_back()
    page.go_back()
    page.evaluate("document.title = 'One'")

    views = [(hit[1].partition(str(site.port))[2], hit[2].get("title")) for hit in recorded(page, 4)]
    assert views[:3] == [("/index.html", "One"), ("/two", "Two"), ("/three#!/deep", "Three")]
    assert views[-1][0] == "/index.html"


def test_before_consent_nothing_is_kept_or_sent_and_after_it_the_view_counts(page, site, bareme, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script>')
    sent = beacons(page)

    page.goto(url)
    page.wait_for_function("window.bareme && window.bareme.loaded")
    page.evaluate("bareme('event', 'Early')")
    page.wait_for_timeout(400)
    assert (cookies(page, url), page.evaluate("localStorage.length"), sent, Hit.objects.count()) == ({}, 0, [], 0)

    page.evaluate("bareme('consent', 'granted')")
    assert [hit[0] for hit in recorded(page, 3)] == [Kind.PAGE_VISITED, Kind.CUSTOM, Kind.CONSENT_ANSWERED]
    assert cookies(page, url).keys() == {"bareme_consent", "bareme_visitor"}

    page.evaluate("bareme('consent', 'denied'); bareme('event', 'Late')")
    page.reload()
    page.wait_for_timeout(400)
    assert cookies(page, url)["bareme_consent"].startswith("denied.")
    assert cookies(page, url).keys() == {"bareme_consent"}
    assert [hit[0] for hit in recorded(page, 4)][3:] == [Kind.CONSENT_ANSWERED]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("{web_tracking: true}", "granted"),
        ("{web_tracking: 'granted', email_tracking: false}", "granted"),
        ("{web_tracking: false, email_tracking: true}", "denied"),
        ("{web_tracking: 'denied'}", "denied"),
        ("{email_tracking: true}", ""),
        ("{}", ""),
    ],
)
def test_of_several_purposes_only_the_answer_to_web_tracking_is_one_to_the_script(
    page, site, bareme, settings, said, answer
):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    page.goto(site.write(f'<script src="{bareme}/t/bareme.js"></script>'))

    page.evaluate(f"bareme('consent', {said}, {{text: 'May we?'}})")

    assert page.evaluate("new Promise(told => bareme('consent', state => told(state.answer)))") == answer


def test_what_was_seen_under_a_refusal_stays_unseen_after_a_yes_but_for_the_page_it_was_said_on(page, site, bareme):
    page.goto(site.write(f'<script src="{bareme}/t/bareme.js"></script>'))
    recorded(page, 1)
    page.evaluate("bareme('consent', 'denied')")
    for path in ("first", "second", "third"):
        page.evaluate(f"history.pushState({{}}, '', '{path}')")
        page.wait_for_timeout(50)

    page.evaluate("bareme('consent', 'granted')")

    paths = [url.rpartition("/")[2] for kind, url, _ in recorded(page, 4) if kind == Kind.PAGE_VISITED]
    assert paths == ["index.html", "third"]


def test_a_refusal_of_the_browser_stops_passive_views(page, site, bareme):
    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script>')
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")

    page.goto(url)
    page.wait_for_function("window.bareme && window.bareme.loaded")
    page.wait_for_timeout(300)

    assert (cookies(page, url), Hit.objects.count()) == ({}, 0)


def test_a_browser_that_refuses_keeps_no_id_for_what_the_site_itself_tells_unless_it_said_yes(page, site, bareme):
    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script>')
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")

    page.goto(url)
    page.wait_for_function("window.bareme && window.bareme.loaded")
    page.evaluate("bareme('event', 'Trial started')")
    assert [hit[0] for hit in recorded(page, 1)] == [Kind.CUSTOM]
    assert (Hit.objects.get().visitor_id, cookies(page, url)) == (None, {})

    page.evaluate("bareme('consent', 'granted')")
    page.evaluate("bareme('event', 'Trial ended')")
    recorded(page, 3)
    [visitor] = set(Hit.objects.filter(visitor_id__isnull=False).values_list("visitor_id", flat=True))
    assert cookies(page, url)["bareme_visitor"] == str(visitor)


def test_hits_survive_a_network_that_fails_and_count_once(page, site, bareme):
    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script>')
    fails = [True]
    page.route("**/t/b", lambda route: route.abort() if fails and fails.pop() else route.continue_())

    page.goto(url)

    page.wait_for_timeout(4500)
    assert [hit[0] for hit in recorded(page, 1)] == [Kind.PAGE_VISITED]


def test_a_no_survives_a_network_that_fails_and_still_says_whose_it_is(page, site, bareme):
    page.goto(site.write(f'<script src="{bareme}/t/bareme.js"></script>'))
    recorded(page, 1)
    fails = [True]
    page.route("**/t/b", lambda route: route.abort() if fails and fails.pop() else route.continue_())

    page.evaluate("bareme('consent', 'denied', {text: 'May we?'})")
    page.evaluate("bareme('event', 'Late')")

    page.wait_for_timeout(2200)
    assert [hit[0] for hit in recorded(page, 2)] == [Kind.PAGE_VISITED, Kind.CONSENT_ANSWERED]
    [visitor] = set(Hit.objects.values_list("visitor_id", flat=True))
    assert visitor is not None


def test_leaving_at_once_still_sends(page, site, bareme):
    site.write("", name="next.html")
    url = site.write(f'<script src="{bareme}/t/bareme.js"></script><script src="go.js"></script>')
    site.script("go.js", "bareme('event', 'Left'); location.href = 'next.html'")

    page.goto(url)

    assert sorted(hit[0] for hit in recorded(page, 2)) == [Kind.PAGE_VISITED, Kind.CUSTOM]


def test_a_blocked_script_breaks_nothing(page, site, bareme):
    site.script(
        "calls.js",
        "window.bareme = window.bareme || function () { (bareme.q = bareme.q || []).push(arguments) };"
        "bareme('event', 'X'); document.title = 'Works'",
    )
    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script><script src="calls.js"></script>')
    page.route("**/t/bareme.js", lambda route: route.abort())

    page.goto(url)

    assert (page.title(), page.complaints) == ("Works", [])


def test_a_pass_names_the_contact_and_leaves_the_address_bar(page, site, bareme):
    from tracking import passes

    url = site.write(f'<script src="{bareme}/t/bareme.js" async></script>')

    page.goto(f"{url}?a=1&bm={passes.issue(7)}&b=2#top")

    assert [hit[1] for hit in recorded(page, 1)] == [f"{url}?a=1&b=2"]
    assert list(Hit.objects.values_list("contact_id", flat=True)) == [7]
    assert page.url == f"{url}?a=1&b=2#top"


# Forms


def snippet(form, key):
    return next(str(part.code) for part in embedding.of_form(form) if part.key == key)


def fill(frame):
    frame.get_by_label("Email").fill("ada@example.com")
    frame.get_by_label("Many").check()


def submissions(page, count):
    return [(hit[1], hit[2]["answers"]) for hit in recorded(page, count, Kind.FORM_SUBMITTED)]


ANSWERS = {"email": "ada@example.com", "size": "Many"}


def test_a_form_by_script_under_a_strict_policy_shows_errors_then_thanks_in_place(page, site, bareme, form):
    site.policy = f"default-src 'none'; script-src {bareme}; connect-src {bareme}"
    url = site.write(
        f'<div id="here">{snippet(form, "script")}</div><script src="{bareme}/t/bareme.js" async></script>'
    )
    page.goto(url)
    page.wait_for_timeout(1100)

    page.get_by_role("button", name="Send").click()
    error = page.locator("[data-key=email] .bareme-errors")
    error.wait_for()

    email = page.get_by_label("Email")
    assert error.inner_text() == "This field is required."
    assert email.get_attribute("aria-describedby") == error.get_attribute("id")
    assert email.get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.name") == "email"
    assert page.get_by_role("group", name="How many?").get_attribute("aria-describedby")
    assert page.get_by_role("alert").inner_text() == "Please look at the marked fields again."

    fill(page)
    page.get_by_role("button", name="Send").dblclick()
    page.get_by_role("status").wait_for()

    assert page.locator("#here").inner_text() == "Thank you!\n\nWe have received your answers."
    assert (page.url, submissions(page, 1)) == (url, [(url, ANSWERS)])
    visitors = set(Hit.objects.values_list("visitor_id", flat=True))
    assert (len(visitors), page.complaints) == (1, [])


def test_a_page_that_makes_no_html_of_texts_shows_the_form_and_counts(page, site, bareme, form):
    """Trusted Types: the strictest policy a site can have."""
    form.leave_out_known = True
    form.save()
    visitor = "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c"
    page.context.add_cookies([{"name": "bareme_visitor", "value": visitor, "url": f"http://localhost:{site.port}"}])
    site.policy = (
        f"default-src 'none'; script-src {bareme}; connect-src {bareme}; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    scripts = "".join(f'<script src="{bareme}/t/{name}.js" async></script>' for name in ("bareme", "banner"))
    with page.expect_response(lambda response: "?visitor=" in response.url):
        page.goto(site.write(snippet(form, "script") + scripts + "<button data-bareme-consent>Cookies</button>"))
    page.wait_for_timeout(1100)
    page.get_by_role("button", name="Cookies").click()
    page.get_by_role("button", name="Accept").click()
    fill(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("status").wait_for()

    assert ([answers for _url, answers in submissions(page, 1)], page.complaints) == ([ANSWERS], [])


def test_two_forms_by_script_on_one_page_do_not_meet(page, site, bareme, form):
    page.goto(site.write(snippet(form, "script") * 2))

    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(element => element.id)")
    assert (page.locator("form").count(), len(ids)) == (2, len(set(ids)))


def test_a_form_by_script_follows_its_redirect(page, site, bareme, form):
    form.thank_you, form.redirect_url = "redirect", site.write("", name="thanks.html", title="Thanks")
    form.save()
    page.goto(site.write(snippet(form, "script")))
    page.wait_for_timeout(1100)
    fill(page)

    page.get_by_role("button", name="Send").click()

    page.wait_for_url("**/thanks.html")


@pytest.mark.parametrize("way", ["link", "html"])
def test_a_form_leads_on_whatever_the_policy_of_its_page_and_wherever_that_leads(page, site, bareme, form, way):
    thanks = site.write("", name="thanks.html", title="Thanks")
    form.thank_you, form.redirect_url = "redirect", thanks.replace("thanks.html", "moved")
    form.save()
    site.policy = f"form-action {bareme}"
    page.goto(f"{bareme}/f/{form.public_id}" if way == "link" else site.write(snippet(form, way)))
    page.wait_for_timeout(1100)
    fill(page)

    page.get_by_role("button", name="Send").click()
    page.wait_for_url("http://127.0.0.1:*/thanks.html")
    page.go_back()

    assert (page.get_by_label("Email").count(), page.complaints) == (1, [])


def test_a_form_in_a_frame_fits_and_knows_the_visitor_of_the_page_around(page, site, bareme, form):
    url = site.write(snippet(form, "iframe") + f'<script src="{bareme}/t/bareme.js" async></script>')
    page.goto(url)
    frame = page.frame_locator("iframe")
    page.wait_for_timeout(1100)
    high = page.locator("iframe").evaluate("frame => frame.clientHeight")

    frame.get_by_role("button", name="Send").click()
    frame.get_by_text("This field is required.").first.wait_for()
    assert frame.locator("[data-key=email] input").evaluate("input => input === document.activeElement")
    page.wait_for_timeout(1100)
    fill(frame)
    frame.get_by_role("button", name="Send").click()
    frame.get_by_role("status").wait_for()

    assert frame.get_by_role("status").inner_text() == "Thank you!\n\nWe have received your answers."
    assert (page.url, submissions(page, 1)) == (url, [(url, ANSWERS)])
    assert len(set(Hit.objects.values_list("visitor_id", flat=True))) == 1
    page.wait_for_timeout(200)
    low = page.locator("iframe").evaluate("frame => frame.clientHeight")
    assert (50 < low < high < 400, page.complaints) == (True, [])


def test_a_form_in_a_frame_takes_the_whole_page_to_its_redirect(page, site, bareme, form):
    form.thank_you, form.redirect_url = "redirect", site.write("", name="thanks.html", title="Thanks")
    form.save()
    page.goto(site.write(snippet(form, "iframe")))
    frame = page.frame_locator("iframe")
    page.wait_for_timeout(1100)
    fill(frame)

    frame.get_by_role("button", name="Send").click()

    page.wait_for_url("**/thanks.html")


def test_plain_html_posts_and_leads_to_the_thanks(page, site, bareme, form):
    url = site.write(snippet(form, "html") + f'<script src="{bareme}/t/bareme.js" async></script>')
    page.goto(url)
    recorded(page, 1)
    fill(page)

    page.get_by_role("button", name="Send").click()
    page.get_by_role("status").wait_for()

    assert page.url.startswith(f"{bareme}/f/{form.public_id}?sent=")
    assert submissions(page, 1) == [(url, ANSWERS)]
    assert len(set(Hit.objects.values_list("visitor_id", flat=True))) == 1


def test_plain_html_needs_no_script_at_all_and_errors_come_on_our_page(chromium, site, bareme, form):
    form.fields.filter(key="email").update(type="phone")
    context = chromium.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto(site.write(snippet(form, "html")))
    page.get_by_label("Email").fill("nobody")
    page.get_by_label("Many").check()

    page.get_by_role("button").click()

    assert page.url == f"{bareme}/f/{form.public_id}"
    assert page.locator("html").get_attribute("lang") == "fr"
    email = page.get_by_label("Email")
    assert (email.input_value(), email.get_attribute("aria-invalid")) == ("nobody", "true")
    page.wait_for_timeout(1100)
    email.fill("+33 6 12 34 56 78")
    page.get_by_role("button").click()
    page.get_by_role("status").wait_for()
    assert [answers for _url, answers in submissions(page, 1)] == [{"email": "+33612345678", "size": "Many"}]
    context.close()
