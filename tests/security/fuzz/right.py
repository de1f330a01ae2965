"""Requests as they should be, to each public address by its name."""

import uuid
from urllib.parse import urlencode

from tests.security.fuzz.request import FORM, Request, bytes_of, dump
from tests.security.hostile import TEXTS


def address(mark):
    return f"https://site.example/m/{mark}"


def pixel(roll, content, mark):
    return Request("GET", "/t/p.gif", [("u", address(mark))], mark=("url", address(mark)))


def opened(roll, content, mark):
    place = roll.randrange(len(content["opens"]))
    return Request("GET", content["opens"][place], mark=("open", place + 1))


def clicked(roll, content, mark):
    place = roll.randrange(len(content["clicks"]))
    return Request("GET", content["clicks"][place], mark=("click", place + 1))


def beacon(roll, content, mark):
    hit = {
        "kind": "page",
        "url": address(mark),
        "title": "Prices",
        "utm": {"source": "x"},
        "key": str(uuid.UUID(int=roll.getrandbits(128))),
    }
    sent = {"visitor": str(uuid.UUID(int=roll.getrandbits(128))), "hits": [hit]}
    return Request("POST", "/t/b", headers={"Content-Type": "text/plain"}, body=dump(sent), mark=("url", address(mark)))


def identify(roll, content, mark):
    person = {"email": f"i{mark}@example.com", "first_name": "Ada"}
    hits = [
        {"kind": "identify", "url": address(mark), "person": person},
        {"kind": "event", "name": "bought", "properties": {"n": 1}},
    ]
    consent = {"kind": "consent", "granted": roll.random() < 0.5, "text": "May we?", "url": address(mark)}
    sent = {"visitor": str(uuid.UUID(int=roll.getrandbits(128))), "hits": [*hits, consent]}
    return Request(
        "POST", "/t/b", headers={"Content-Type": "application/json"}, body=dump(sent), mark=("url", address(mark))
    )


def posted(roll, content, mark, where="/f/{}", form=None):
    form = form or roll.choice(content["forms"])
    values = {"email": f"f{mark}@example.com", "bareme_token": content["tokens"][form], "bareme_page": address(mark)}
    if form == content["forms"][1]:
        values |= {key: roll.choice(TEXTS[:40]) for key in roll.sample(content["keys"], 3) if key != "email"}
    if roll.random() < 0.3:
        values["bareme_nonce"] = roll.choice(content["nonces"][form])
    return values, Request("POST", where.format(form))


def form_post(roll, content, mark):
    values, made = posted(roll, content, mark)
    made.headers["Content-Type"] = FORM
    made.body = urlencode(values, errors="surrogatepass").encode()
    if made.path.endswith(content["forms"][0]) and "bareme_nonce" not in values:
        made.mark = ("url", address(mark))
    return made


def form_json(roll, content, mark):
    values, made = posted(roll, content, mark)
    made.headers |= {"Content-Type": "application/json", "Accept": "application/json"}
    made.body = dump(values)
    if made.path.endswith(content["forms"][0]) and "bareme_nonce" not in values:
        made.mark = ("url", address(mark))
    return made


def form_multipart(roll, content, mark):
    values, made = posted(roll, content, mark, form=content["forms"][1])
    made.headers["Content-Type"] = "multipart/form-data; boundary=x"
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in values.items()]
    name = roll.choice(["a.pdf", "a.html", "../x.svg", "a\0b.png", "x" * 300, "", "a.php"])
    parts.append(f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n%PDF-1.4\r\n--x--\r\n')
    made.body = bytes_of("".join(parts))
    return made


def form_page(roll, content, mark):
    query = roll.choice([[], [("embed", "1")], [("visitor", str(uuid.uuid4()))], [("sent", "x")], [("kiosk", "x")]])
    return Request(
        "GET", f"/f/{roll.choice(content['forms'])}", query, {"Accept": roll.choice(["text/html", "application/json"])}
    )


def form_script(roll, content, mark):
    return Request("GET", f"/f/{roll.choice(content['forms'])}.js")


def landing_page(roll, content, mark):
    cookies = {"Cookie": f"bareme_browser={uuid.UUID(int=roll.getrandbits(128))}"}
    return Request(
        "GET", f"/p/{roll.choice(content['pages'])}", [("utm_source", "x")], cookies if roll.random() < 0.5 else {}
    )


def landing_post(roll, content, mark):
    _values, made = posted(roll, content, mark, form=content["forms"][1])
    made.path, made.headers["Content-Type"] = "/p/with-form", FORM
    made.body = urlencode(_values, errors="surrogatepass").encode()
    return made


def choice(roll, content, mark):
    sent = {
        "granted": roll.random() < 0.5,
        "language": "fr",
        "version": 1,
        "visitor": str(uuid.UUID(int=roll.getrandbits(128))),
    }
    return Request(
        "POST",
        f"/p/{roll.choice(content['pages'])}/choice",
        headers={"Content-Type": "application/json"},
        body=dump(sent),
    )


def page_part(roll, content, mark):
    return Request("GET", roll.choice([f"/p/image/{content['images'][0]}", "/p/theme/modern.css", "/p/theme/x.css"]))


def asset(roll, content, mark):
    return Request(
        "GET", f"/a/{roll.choice(content['assets'])}", [("g", content["grant"])] if roll.random() < 0.3 else []
    )


def asset_post(roll, content, mark):
    values, made = posted(roll, content, mark, form=content["forms"][0])
    made.path, made.headers["Content-Type"] = f"/a/{content['assets'][0]}", FORM
    made.body = urlencode(values, errors="surrogatepass").encode()
    return made


def api_events(roll, content, mark):
    events = [
        {"kind": "page_visited", "email": "known@example.com", "url": address(mark)},
        {"kind": "custom", "visitor": str(uuid.uuid4()), "name": "bought", "properties": {"amount": 12.5}},
    ]
    return Request("POST", "/api/v1/events", headers=_program(content), body=dump(events), mark=("url", address(mark)))


def api_contacts(roll, content, mark):
    sent = {"email": f"c{mark}@example.com", "first_name": "Ada", "phone": "0612345678"}
    return Request("POST", "/api/v1/contacts", headers=_program(content), body=dump(sent))


def api_consents(roll, content, mark):
    sent = {
        "email": f"c{mark}@example.com",
        "purpose": roll.choice(["email", "profiling"]),
        "granted": True,
        "text": "Yes",
    }
    return Request(
        "POST", "/api/v1/consents", headers=_program(content), body=dump([sent, {**sent, "ip": "192.0.2.9"}])
    )


def api_sms(roll, content, mark):
    sent = {"from": "+33612345678", "text": roll.choice(["STOP", "START", "Bonjour"])}
    return Request("POST", "/api/v1/sms/inbound", headers=_program(content), body=dump(sent))


def _program(content):
    return {"Authorization": f"Bearer {content['secret']}", "Content-Type": "application/json"}


def unsubscribe(roll, content, mark):
    return Request(
        roll.choice(["GET", "POST"]),
        content["unsubscribe"],
        headers={"Content-Type": FORM},
        body=b"List-Unsubscribe=One-Click",
    )


def preferences(roll, content, mark):
    choices = {
        "shown": ["email.on", "sms.on", "web_tracking.off"],
        "on": roll.sample(["email", "sms", "web_tracking"], 2),
    }
    return Request(
        roll.choice(["GET", "POST"]),
        content["preferences"],
        [("lang", "fr")],
        {"Content-Type": FORM},
        urlencode(choices, doseq=True).encode(),
    )


def confirm(roll, content, mark):
    return Request(roll.choice(["GET", "POST"]), content["confirm"], headers={"Content-Type": FORM})


def copy(roll, content, mark):
    return Request(roll.choice(["GET"] * 9 + ["POST"]), content["copy"], headers={"Content-Type": FORM})


def small(roll, content, mark):
    paths = ("/t/bareme.js", "/t/banner.js", "/t/hidden", "/t/own", "/healthz/live", "/f/", "/t/x", "/", "/nothing")
    return Request("GET", roll.choice(paths))


def own(roll, content, mark):
    return Request("POST", "/t/own", headers={"Content-Type": FORM}, body=b"tracked=yes")


def ready(roll, content, mark):
    return Request("GET", "/healthz/ready")


def language(roll, content, mark):
    return Request(
        "POST", "/i18n/setlang/", headers={"Content-Type": FORM}, body=b"language=fr&next=https://evil.example/"
    )


def admin(roll, content, mark):
    return Request(
        "GET",
        roll.choice(["/admin/login/", "/admin/", "/admin/contacts/contact/", "/admin/nothing/"]),
        [("next", "//evil.example")],
    )


# The endpoints by name, with the names of the addresses (`urlpatterns`) that each is about.
ENDPOINTS = {
    "pixel": pixel,
    "open": opened,
    "click": clicked,
    "beacon": beacon,
    "identify": identify,
    "form page": form_page,
    "form post": form_post,
    "form JSON": form_json,
    "form multipart": form_multipart,
    "form script": form_script,
    "landing page": landing_page,
    "landing post": landing_post,
    "choice": choice,
    "page parts": page_part,
    "asset": asset,
    "asset post": asset_post,
    "API events": api_events,
    "API contacts": api_contacts,
    "API consents": api_consents,
    "API SMS": api_sms,
    "unsubscribe": unsubscribe,
    "preferences": preferences,
    "confirm": confirm,
    "copy of data": copy,
    "small pages": small,
    "own browser": own,
    "ready": ready,
    "language": language,
    "admin's door": admin,
}
OFTEN = ("pixel", "open", "click", "beacon") * 7  # everybody meets these, and they cost next to nothing
TURNS = [*OFTEN, *ENDPOINTS]
COVERED = {
    "tracking": {
        "open", "click", "site_pixel", "beacon", "own_browser", "script", "hidden", "banner", "confirm", "copy", "form",
        "form_script", "page_image", "page_theme", "choice", "landing_page", "asset", "api_events", "api_contacts",
        "api_consents",
    },
    "campaigns": {"unsubscribe", "preferences", "sms_inbound"},
}  # fmt: skip
