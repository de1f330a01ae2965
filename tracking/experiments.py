"""Tests of landing pages: who sees which variant, and the steps of a test from its draft to the variant that is kept.

Only browsers that may be followed take part: without an id nobody can be shown the same variant twice, or be counted once.
Who has not answered the banner yet sees a variant by chance, and keeps it with a yes. All others see the page as it is.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tracking.models import LandingPage, PageTest, PageVariant

LETTERS = "ABCDEF"


class NotPossible(Exception):
    """The sentence that says why not."""


def running(page: LandingPage) -> Sequence[PageVariant]:
    """The variants of the test that runs on this page; none without a test."""
    found = PageVariant.objects.filter(test__page=page, test__started_at__isnull=False, test__ended_at=None)
    return list(found.order_by("letter"))


def shown(variants: Sequence[PageVariant], visitor_id: uuid.UUID | None) -> PageVariant | None:
    """The variant this visitor sees, today and always; None: the page as it is."""
    total = sum(variant.weight for variant in variants)
    if visitor_id is None or not total:
        return None
    digest = hashlib.sha256(f"{variants[0].test_id} {visitor_id}".encode()).digest()
    place = int.from_bytes(digest[:8]) * total >> 64
    for variant in variants:
        if place < variant.weight:
            return variant
        place -= variant.weight
    return None


@transaction.atomic
def draft(page: LandingPage, name: str) -> PageTest:
    """A test that has not begun: the page as it is, and a copy to change."""
    test = PageTest.objects.create(page=page, name=name[:150])
    begin_with(test)
    return test


def begin_with(test: PageTest) -> None:
    """Its first variants: the page as it is, twice."""
    for letter in LETTERS[:2]:
        PageVariant.objects.create(test=test, letter=letter, sections=test.page.sections)


def takes_more(test: PageTest) -> bool:
    """May it have a further variant?"""
    return not test.started_at and bool(_free_letters(test))


def _free_letters(test: PageTest) -> list[str]:
    taken = set(test.variants.values_list("letter", flat=True))
    return [letter for letter in LETTERS if letter not in taken]


def add_variant(test: PageTest) -> PageVariant:
    """One more, beginning as the page is."""
    free = _free_letters(test)
    if test.started_at or not free:
        raise NotPossible(_("This test takes no further variant."))
    return PageVariant.objects.create(test=test, letter=free[0], sections=test.page.sections)


def obstacle(test: PageTest) -> str:
    """Why it cannot start; empty where it can."""
    if test.started_at:
        return _("This test has begun already.")
    if test.variants.filter(weight__gt=0).count() < 2:
        return _("A test needs two variants with a share.")
    if test.page.form_id is None:
        return _("The page needs a form: what counts is who sends it.")
    if PageTest.objects.filter(page=test.page_id, started_at__isnull=False, ended_at=None).exists():
        return _("Another test of this page is running. End it first.")
    return ""


def alike(test: PageTest) -> list[str]:
    """The letters of variants that say the same, the largest such group; empty where each differs from the others."""
    groups: dict[str, list[str]] = defaultdict(list)
    for variant in test.variants.filter(weight__gt=0):
        said = [(row.get("type"), row.get("params")) for row in variant.sections]
        groups[json.dumps(said, sort_keys=True)].append(variant.letter)
    largest = max(groups.values(), key=len, default=[])
    return largest if len(largest) > 1 else []


def start(test: PageTest) -> None:
    """From now on visitors see the variants. Raises NotPossible with the reason."""
    if reason := obstacle(test):
        raise NotPossible(reason)
    try:
        with transaction.atomic():
            now = timezone.now()
            changed = PageTest.objects.filter(pk=test.pk, started_at=None).update(started_at=now)
    except IntegrityError:
        raise NotPossible(_("Another test of this page is running. End it first.")) from None
    if not changed:
        raise NotPossible(_("This test has begun already."))
    test.started_at = now


@transaction.atomic
def stop(test: PageTest, letter: str) -> None:
    """End the test; from now on the page looks like this variant for everybody. Raises NotPossible with the reason."""
    variant = test.variants.filter(letter=letter).first()
    if variant is None:
        raise NotPossible(_("There is no such variant."))
    ended = PageTest.objects.filter(pk=test.pk, started_at__isnull=False, ended_at=None)
    if not ended.update(ended_at=timezone.now(), kept=letter):
        raise NotPossible(_("This test is not running."))
    LandingPage.objects.filter(pk=test.page_id).update(sections=variant.sections)
