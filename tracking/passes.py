"""A pass: a signed parameter that tells the page somebody lands on, for an hour, which contact came by a tracked link.

A visitor id is kept per site, so a click on our own domain alone would not say who then walks through the marketer's site.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from contacts import consent, consent_policies
from contacts.merging import become
from contacts.models import Contact, Purpose
from tracking import pages, tokens
from tracking.models import Subject

PARAMETER = "bm"
PURPOSE = "pass"
SECONDS = 3600
SITES_KNOWN_FOR = 300


def issue(contact_id: int) -> str:
    return tokens.sign(PURPOSE, contact_id, int(time.time()))


def contact_id(token: str) -> int | None:
    """Whose pass it is; None for a forged or an old one."""
    if not token:
        return None
    try:
        numbers = tokens.unsign(PURPOSE, token)
    except tokens.BadToken:
        return None
    if len(numbers) != 2 or time.time() - numbers[1] > SECONDS:
        return None
    return numbers[0] or None


def attached(url: str, contact_id: int | None, visited: Callable[[str], bool]) -> str:
    """The address with a pass for this contact; "" where it leads neither to a page of ours nor to a site our script runs on.

    It is for those only who did not refuse to be followed by links, or on pages.
    """
    host, _ = pages.normalise(url)
    if not contact_id or not host or not is_tracked(host, visited):
        return ""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}{PARAMETER}={issue(contact_id)}"))


def may_be_issued(answers: Mapping[str, bool]) -> bool:
    """Do the latest answers of a contact, by purpose, allow to tell a site who comes by a link?

    On pages nobody has refused who has said nothing: whether they may be followed there is asked there.
    """
    required = consent_policies.required_as_known()
    by_links = answers.get(Purpose.LINK_TRACKING, Purpose.LINK_TRACKING not in required)
    return by_links and answers.get(Purpose.WEB_TRACKING, True)


def may_be_named(contact_id: int) -> bool:
    """`may_be_issued` for a contact, or whoever they were merged into."""
    contact = Contact.objects.select_related("merged_into").filter(pk=contact_id).first()
    said = consent.answers(become(contact)) if contact else {}
    return may_be_issued({purpose: answer.granted for purpose, answer in said.items()})


def is_tracked(host: str, visited: Callable[[str], bool]) -> bool:
    """Is this host ours, or one whose pages have been visited?"""
    return host == pages.normalise(settings.PUBLIC_URL)[0] or visited(host)


def is_visited(host: str) -> bool:
    return _visited(host, int(time.time() / SITES_KNOWN_FOR))


@lru_cache(maxsize=1000)
def _visited(host: str, window: int) -> bool:
    """Asked once in every `window` of time."""
    return Subject.objects.filter(type=Subject.Type.PAGE, host=host).exists()
