"""What things are called to who met them: a letter names no address that only counts clicks, and no key of a program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings

from tracking import pages, subjects
from tracking.models import Asset, LandingPage, Subject

ASSET, OFFER = re.compile(r"/a/([\w-]+)"), re.compile(r"/p/([\w-]+)")


class Things:
    """The names of subjects, looked up in one query for each kind."""

    def __init__(self, found: Iterable[Subject | None]) -> None:
        known = {one.pk: one for one in found if one}
        self._names = subjects.names(known.values())
        links = [one for one in known.values() if one.type == Subject.Type.LINK]
        titles = _titles(links)
        for one in links:
            self._names[one.pk] = titles.get(subjects.key(one.host + one.path)) or _address(one)
        for one in known.values():
            if one.type == Subject.Type.CUSTOM:
                self._names[one.pk] = subjects.readable(one.name or one.key)

    def told(self, subject: Subject | None) -> str:
        return self._names.get(subject.pk, "") if subject else ""


def _titles(links: Iterable[Subject]) -> dict[str, str]:
    """What is behind these links, by host and path: a document or an offer of ours, or a page whose title is known."""
    places = {subjects.key(one.host + one.path): one for one in links if one.host}
    if not places:
        return {}
    found = dict(Subject.objects.filter(type=Subject.Type.PAGE, key__in=places).values_list("key", "name"))
    own = pages.normalise(settings.PUBLIC_URL)[0]
    ours = {key: one.path for key, one in places.items() if one.host == own}
    assets = {match[1]: key for key, path in ours.items() if (match := ASSET.fullmatch(path))}
    offers = {match[1]: key for key, path in ours.items() if (match := OFFER.fullmatch(path))}
    names = Asset.objects.filter(public_id__in=assets).values_list("public_id", "name")
    titles = LandingPage.objects.filter(slug__in=offers).values_list("slug", "title")
    return found | {assets[key]: name for key, name in names} | {offers[key]: title for key, title in titles}


def _address(link: Subject) -> str:
    """As people would say it: no scheme, no parameters."""
    return f"{link.host}{link.path}".rstrip("/") if link.host else link.name.partition("?")[0]
