"""What events are about: emails and their links, pages of a site, forms, assets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from campaigns.models import Email
from scoring import matching
from scoring.sql import share_rules
from tracking.models import Asset, Form, Link, OwnsSubject, Subject

SITE = "shop.example"
SECTIONS = ("blog", "docs", "pricing", "product", "careers")
Type = Subject.Type


@dataclass(frozen=True)
class Subjects:
    """The ids of the subjects of each type, the most popular ones first."""

    emails: list[int]
    links: list[int]
    pages: list[int]
    forms: list[int]
    assets: list[int]


@transaction.atomic
def create() -> Subjects:
    """Write them all, resolved against the rules, of which there are none yet."""
    emails = _owned(Email(name=f"Email {n}", subject_line=f"News {n}", html="<p>News</p>") for n in range(400))
    found = Subjects(
        emails=emails,
        links=_links(emails, 1500),
        pages=_pages(5000),
        forms=_owned(Form(name=f"Form {n}", public_id=f"load-form-{n}") for n in range(40)),
        assets=_owned(Asset(name=f"Asset {n}", public_id=f"load-asset-{n}", url=address(n)) for n in range(120)),
    )
    share_rules()
    matching.resolve_new()
    return found


def address(number: int) -> str:
    """The address of a page."""
    return f"https://{SITE}{path(number)}"


def path(number: int) -> str:
    return f"/{SECTIONS[number % len(SECTIONS)]}/p{number}"


def _owned(owners: Iterable[OwnsSubject]) -> list[int]:
    """Save the owners and, as their own `save` would one by one, their subjects."""
    rows = list(owners)
    type(rows[0])._default_manager.bulk_create(rows)
    return _save(
        Subject(type=row.subject_type, key=str(row.pk), ref_id=row.pk, name=row.subject_name()) for row in rows
    )


def _pages(count: int) -> list[int]:
    paths = [path(number) for number in range(count)]
    return _save(Subject(type=Type.PAGE, key=SITE + path, host=SITE, path=path) for path in paths)


def _links(emails: list[int], count: int) -> list[int]:
    """Several in each email, to pages of the site."""
    parents = [emails[number % len(emails)] for number in range(count)]
    ids = _save(
        Subject(type=Type.LINK, key=f"load {n}", name=address(n), host=SITE, path=path(n), parent_id=parent)
        for n, parent in enumerate(parents)
    )
    rows = zip(ids, parents, strict=True)
    Link.objects.bulk_create(
        Link(source_id=parent, subject_id=pk, url=address(number)) for number, (pk, parent) in enumerate(rows)
    )
    return ids


def _save(subjects: Iterable[Subject]) -> list[int]:
    return [subject.pk for subject in Subject.objects.bulk_create(subjects)]


def find() -> Subjects:
    """Those that were created."""
    ids: dict[str, list[int]] = {}
    for type, pk in Subject.objects.order_by("pk").values_list("type", "pk"):
        ids.setdefault(type, []).append(pk)
    return Subjects(ids[Type.EMAIL], ids[Type.LINK], ids[Type.PAGE], ids[Type.FORM], ids[Type.ASSET])
