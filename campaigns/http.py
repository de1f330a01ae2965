"""Requests to other systems: the only module with an HTTP client.

Always a timeout, never a redirect, an answer of bounded size. Addresses a marketer types may not lead into our own network:
the name is resolved here, every address it has must be public, and the connection goes to that very address, so that a
second answer of the name server changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from campaigns.registry import DeliveryError
from contacts.remarks import Remark

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
LONGEST_ANSWER = 64 * 1024
PASSING = frozenset({408, 425, 429})  # 4xx that ask to be tried again


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    def summary(self) -> str:
        """The status and the beginning of what was said, on one line."""
        return f"HTTP {self.status} {' '.join(self.text.split())[:300]}".strip()

    def is_permanent(self) -> bool:
        """Trying the same again would bring the same answer. A redirect counts: we do not follow one."""
        return 300 <= self.status < 500 and self.status not in PASSING


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool = False) -> Answer:
    """POST and return whatever was answered. Raises DeliveryError where there was no answer.

    `private` allows addresses inside our own network: for those the operator set, not for those a marketer typed.
    """
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise DeliveryError(Remark(_("This is no web address.")), permanent=True) from error
    if target.scheme not in ("http", "https") or not target.host:
        raise DeliveryError(Remark(_("This is no web address.")), permanent=True)
    address = _resolve(target, private=private or bool(getattr(settings, "ALLOW_PRIVATE_WEBHOOKS", settings.DEBUG)))
    sent = {"User-Agent": "Bareme", **headers, "Host": target.netloc.decode()}
    try:
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST",
                target.copy_with(host=address),
                content=body,
                headers=sent,
                extensions={"sni_hostname": target.host},
            ) as response,
        ):
            return Answer(response.status_code, _read(response))
    except httpx.HTTPError as error:
        raise DeliveryError(f"{type(error).__name__}: {error}"[:500], permanent=False) from error


def _resolve(target: httpx.URL, *, private: bool) -> str:
    """The address to connect to. Raises DeliveryError for a name nobody knows, or one that leads to a private network."""
    try:
        found = socket.getaddrinfo(target.host, target.port or None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(Remark(_("%(host)s cannot be found."), host=target.host), permanent=False) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not private and any(not _is_public(address) for address in addresses):
        message = _("%(host)s is an address inside a private network, which integrations may not reach.")
        raise DeliveryError(Remark(message, host=target.host), permanent=True)
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return ip.is_global and not ip.is_multicast


def _read(response: httpx.Response) -> str:
    body = b""
    for chunk in response.iter_bytes(4096):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            break
    return body[:LONGEST_ANSWER].decode("utf-8", "replace")
