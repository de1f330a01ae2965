"""What makes a right request a wrong one: other values, or bytes that are hardly HTTP."""

import json
from urllib.parse import quote, urlencode

from tests.security.fuzz.request import FORM, bytes_of, dump
from tests.security.hostile import TEXTS

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get", "FOO", "\xe9")
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
        bytes_of(f"{made.method} http://evil.example{made.path} HTTP/1.1\r\n"),
        bytes_of(f"{made.method} {made.path} HTTP/1.0\r\n"),
        bytes_of(f"{made.method} {made.path}\r\n"),
        bytes_of(f"{made.method} {made.path}\n"),
        b"POST " + made.path.encode(errors="replace") + b"?\xff\xfe%00%zz HTTP/1.1\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n",
        b"OPTIONS * HTTP/1.1\r\n",
        bytes(roll.getrandbits(8) for _ in range(40)) + b"\r\n",
        bytes_of(f"{roll.choice(METHODS)} {made.path} HTTP/1.1\r\n"),
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
