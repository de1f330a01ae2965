"""What is sent to each public address: a third as it should be, a third with wrong values, a third that is hardly HTTP.

Request `number` of a seed is always the same, so that one that broke something can be sent again.
"""

import json
import random
import uuid
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from tests.security.hostile import TEXTS

FORM = "application/x-www-form-urlencoded"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "FOO", "\xe9")
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
TYPES = (
    FORM,
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "application/x-www-form-urlencoded; charset=nothing",
    "multipart/form-data; boundary=" + "y" * 200,
    "\xff/\xfe",
    "",
)
BYTES = (
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"%00",
    b"%",
    b"%zz",
    b"\\ud800",
    b"\r\n",
    b"--x",
    b"\xe2\x80\xa8",
    b"9" * 5000,
)
HEADERS = (
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Authorization",
    "Cookie",
    "DNT",
    "Sec-GPC",
    "Referer",
    "Origin",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Host",
    "Range",
    "If-Modified-Since",
    "If-None-Match",
    "Content-Type",
    "Expect",
    "Upgrade",
    "Sec-Purpose",
    "X-HTTP-Method-Override",
    "Content-Encoding",
)


@dataclass
class Request:
    method: str
    path: str
    query: list = field(default_factory=list)
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    mark: tuple | None = None  # what must be in the database if it is accepted: ("url", …) or ("message", …)
    cut: bool = False
    extra: bytes = b""  # header lines no client would write
    start: bytes | None = None  # instead of the request line

    def raw(self):
        target = self.path + ("?" + urlencode(self.query, errors="surrogatepass") if self.query else "")
        start = self.start if self.start is not None else _bytes(f"{self.method} {target} HTTP/1.1\r\n")
        headers = {"Host": "127.0.0.1", "User-Agent": AGENT, **self.headers}
        if (self.body or self.method == "POST") and "Content-Length" not in headers and b"chunked" not in self.extra:
            headers["Content-Length"] = str(len(self.body))
        lines = b"".join(_bytes(f"{name}: {value}\r\n") for name, value in headers.items() if value is not None)
        return start + lines + self.extra + b"\r\n" + self.body


def _bytes(text):
    return text.encode("utf-8", "surrogatepass")


def build(seed, number, content):
    """(the name of the endpoint, the request)."""
    name = TURNS[number % len(TURNS)]
    roll = random.Random(f"{seed}:{number}")
    made = ENDPOINTS[name](roll, content, f"{seed}-{number}")
    made.headers.setdefault("X-Forwarded-For", f"203.0.{roll.randrange(256)}.{roll.randrange(256)}")
    kind = number // len(TURNS) % 3
    if kind:
        made.mark = None
        for _ in range(roll.choice([1, 1, 2, 4])):
            roll.choice(WRONG if kind == 1 else BROKEN)(roll, made)
    return name, made


# --- as it should be ------------------------------------------------------------------------------------------------------


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
    made.body = _bytes("".join(parts))
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
    choices = {"shown": ["email", "sms", "web_tracking"], "on": roll.sample(["email", "sms", "web_tracking"], 2)}
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


def dump(value):
    return json.dumps(value).encode()


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


# --- with wrong values ----------------------------------------------------------------------------------------------------


def wrong_method(roll, made):
    made.method = roll.choice(METHODS[:7])


def wrong_query(roll, made):
    names = [name for name, _ in made.query] + [
        "u",
        "sent",
        "g",
        "kiosk",
        "preview",
        "variant",
        "visitor",
        "lang",
        "bm",
        "q",
        "embed",
    ]
    made.query = [*made.query, (roll.choice(names), roll.choice(TEXTS)[:3000])]
    roll.shuffle(made.query)


def wrong_path(roll, made):
    head, _, tail = made.path.rpartition("/")
    place = roll.randrange(len(tail) + 1)
    piece = quote(roll.choice(TEXTS)[:200].encode("utf-8", "surrogatepass"), safe="")
    made.path = roll.choice(
        [
            f"{head}/{tail[:place]}{piece}{tail[place:]}",
            f"{head}/{piece}",
            f"{head}/{tail[:place]}",
            f"{made.path}/{piece}",
        ]
    )


def wrong_header(roll, made):
    name = roll.choice(HEADERS)
    value = roll.choice(TEXTS)[:4000].replace("\r", "").replace("\n", "").replace("\0", "")
    made.headers[name] = roll.choice(
        [value, quote(value.encode("utf-8", "surrogatepass")), f"{made.headers.get(name, '')}{value}"]
    )


def wrong_json(roll, made):
    try:
        made.body = dump(_spoiled(roll, json.loads(made.body)))
    except ValueError:
        wrong_body(roll, made)


def _spoiled(roll, value):
    """The same JSON with something else in one place."""
    if isinstance(value, dict) and value and roll.random() < 0.8:
        name = roll.choice(list(value))
        return {**value, roll.choice([name, name, name, roll.choice(TEXTS[:40])]): _spoiled(roll, value[name])}
    if isinstance(value, list) and value and roll.random() < 0.8:
        place = roll.randrange(len(value))
        return [*value[:place], _spoiled(roll, value[place]), *value[place + 1 :]] * roll.choice([1, 1, 1, 30])
    return roll.choice([None, True, -1, 10**30, 1e308, [], {}, [[]], {"": ""}, *TEXTS[:40]])


def wrong_body(roll, made):
    place = roll.randrange(len(made.body) + 1)
    made.body = made.body[:place] + roll.choice(BYTES) * roll.choice([1, 1, 50]) + made.body[place:]


def wrong_values(roll, made):
    pairs = [
        (
            roll.choice(["email", "bareme_page", "bareme_nonce", "shown", "on", "tracked", "next", "x"]),
            roll.choice(TEXTS)[:20_000],
        )
        for _ in range(3)
    ]
    made.body += b"&" + urlencode(pairs, errors="surrogatepass").encode()


def wrong_type(roll, made):
    made.headers["Content-Type"] = roll.choice(TYPES)


WRONG = (
    wrong_method,
    wrong_query,
    wrong_path,
    wrong_header,
    wrong_json,
    wrong_json,
    wrong_body,
    wrong_values,
    wrong_type,
)


# --- hardly HTTP ----------------------------------------------------------------------------------------------------------


def broken_start(roll, made):
    made.start = roll.choice([
        b"GET\r\n",
        b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        _bytes(f"{made.method} http://evil.example{made.path} HTTP/1.1\r\n"),
        _bytes(f"{made.method} {made.path} HTTP/1.0\r\n"),
        _bytes(f"{made.method} {made.path}\r\n"),
        _bytes(f"{made.method} {made.path}\n"),
        b"POST " + made.path.encode(errors="replace") + b"?\xff\xfe%00%zz HTTP/1.1\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        bytes(roll.getrandbits(8) for _ in range(40)) + b"\r\n",
        _bytes(f"{roll.choice(METHODS)} {made.path} HTTP/1.1\r\n"),
        b"GET //evil.example/%2e%2e/ HTTP/1.1\r\n",
    ])  # fmt: skip


def broken_headers(roll, made):
    made.extra += roll.choice([
        b"Host: evil.example\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: x\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Cookie: " + b"a=b; " * 1500 + b"\r\n",
        b"X: " + b"y" * 100_000 + b"\r\n",
        b"".join(b"X-%d: y\r\n" % one for one in range(300)),
        b"No colon\r\n",
        b" folded\r\n",
        b"X\0Y: z\r\n",
        b"User-Agent: \xff\xfe\xe9\r\n",
        b"Referer: \x80\x81\r\n",
        b"Accept-Language: \xed\xa0\x80\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"X-Forwarded-For: \xff, ::ffff:1.2.3.4, 1\r\n",
        b"Cookie: bareme_browser=\xff; sessionid=" + b"z" * 5000 + b"; csrftoken=\xff\r\n",
    ])  # fmt: skip


def broken_body(roll, made):
    made.extra += b"Transfer-Encoding: chunked\r\n"
    made.body = roll.choice(
        [b"5\r\nhello\r\n0\r\n\r\n", b"zz\r\n", b"FFFFFFFFFFFFFFFFF\r\nx", b"5\r\nhi", b"0\r\n\r\n", b"-1\r\nx\r\n"]
    )
    made.cut = True


def broken_length(roll, made):
    made.headers["Content-Length"] = str(max(0, len(made.body) + roll.choice([-5, 1, 100, 10**6])))
    made.cut = True


def broken_host(roll, made):
    made.headers["Host"] = roll.choice(
        [None, "", "evil.example", "127.0.0.1:99999", "[::1", "a b", "127.0.0.1, evil.example", "\xe9", "x" * 300]
    )


def broken_off(roll, made):
    made.cut = True


BROKEN = (broken_start, broken_headers, broken_headers, broken_body, broken_length, broken_host, broken_off, wrong_path)
