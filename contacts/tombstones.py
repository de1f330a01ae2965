"""Addresses whose owners had themselves erased: known again by a keyed digest, so that no file or program brings them back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from django.conf import settings
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from contacts import tombstones_sql as sql
from contacts.models import Contact, ErasedAddress


def set_up(emails: Sequence[str]) -> None:
    """Remember that the owners of these addresses are not to come back unless they come by themselves."""
    rows = [ErasedAddress(digest=digest(email)) for email in emails]
    ErasedAddress.objects.bulk_create(rows, ignore_conflicts=True)


def among(emails: Iterable[str]) -> Counter[str]:
    """Those of these addresses that were erased, with how often each is named. Who is a contact again is not among them."""
    named = Counter(emails)
    digests = {one: email for email in named for one in _digests(email)}
    found = ErasedAddress.objects.filter(digest__in=digests).values_list("digest", flat=True) if digests else ()
    if not (erased := {digests[one] for one in found}):
        return Counter()
    there = Contact.objects.annotate(lower=Lower("email")).filter(lower__in=[email.lower() for email in erased])
    back = set(there.values_list("lower", flat=True))
    return Counter({email: named[email] for email in erased if email.lower() not in back})


def without_erased(emails: Sequence[str], by_themselves: Collection[str]) -> list[str]:
    """These addresses without the erased ones; those given `by_themselves` are in, and no longer erased."""
    if not emails:
        return []
    if back := [email for email in emails if email in by_themselves]:
        ErasedAddress.objects.filter(digest__in=[one for email in back for one in _digests(email)]).delete()
    erased = among(email for email in emails if email not in by_themselves)
    return [email for email in emails if email not in erased]


def digest(email: str, secret: str | None = None) -> str:
    """What stays of an address: enough to know it again, and of no use without the secret key."""
    return salted_hmac("contacts.tombstones", email.strip().lower(), secret=secret, algorithm="sha256").hexdigest()


def _digests(email: str) -> list[str]:
    """By today's secret key and by earlier ones."""
    return [digest(email, secret) for secret in (None, *settings.SECRET_KEY_FALLBACKS)]


def own() -> None:
    """Keep imports out until the transaction ends: for an erasure."""
    sql.own_addresses()


def share() -> None:
    """Keep erasures out until the transaction ends: for an import, which asks first and writes then."""
    sql.share_addresses()
