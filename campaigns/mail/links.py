"""Tracked links of a message: one Link and one Subject per source and address, and the signed addresses made from them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.urls import reverse

from tracking import addresses, pages, subjects, tokens
from tracking.models import Link, Subject
from tracking.tokens import Ref

# What their tokens are good for: part of every mail already sent, so never change one.
UNSUBSCRIBE = "unsubscribe"
PREFERENCES = "preferences"


def link_subjects(source: Subject, urls: Sequence[str]) -> dict[str, int]:
    """The subject id of each address in this email or SMS; new ones are registered. Safe to repeat and to race."""
    found = dict(Link.objects.filter(source=source, url__in=urls).values_list("url", "subject_id"))
    if missing := [url for url in dict.fromkeys(urls) if url not in found]:
        ids = subjects.ids([_subject(source, url) for url in missing])
        made = {url: ids[Subject.Type.LINK, _key(source, url)] for url in missing}
        Link.objects.bulk_create(
            [Link(source=source, url=url, subject_id=pk) for url, pk in made.items()], ignore_conflicts=True
        )
        found |= made
    return found


def _subject(source: Subject, url: str) -> Subject:
    host, path = pages.normalise(url)
    return Subject(type=Subject.Type.LINK, key=_key(source, url), name=url[:300], host=host, path=path, parent=source)


def _key(source: Subject, url: str) -> str:
    return f"{source.pk}:{hashlib.sha256(url.encode()).hexdigest()[:40]}"


def unsubscribe(ref: Ref) -> str:
    return addresses.public(reverse("campaigns:unsubscribe", args=[tokens.sign_ref(UNSUBSCRIBE, ref)]))


def preferences(ref: Ref) -> str:
    """The page on which somebody says what they allow."""
    return addresses.public(reverse("campaigns:preferences", args=[tokens.sign_ref(PREFERENCES, ref)]))
