"""The contacts' own part: who they are, what they allowed, in which lists they are, and what came with files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from contacts import countries
from contacts.models import (
    Change,
    Consent,
    Contact,
    ContactTag,
    CustomField,
    DataRequest,
    DoNotContact,
    Duplicate,
    ImportRow,
    Membership,
    Merge,
    ToBeErased,
)
from contacts.privacy import privacy_sql as sql
from contacts.privacy.parts import Column, Erasing, Part, Person, Section, columns_of, parts

IDENTITY = ("email", "phone", "first_name", "last_name", "company", "job_title", "city")


@parts.register
class Identity(Part):
    key = "contacts"
    position = 0
    covers = frozenset(
        f"contacts.{model.__name__}"
        for model in (
            Contact, ContactTag, Membership, DoNotContact, Consent, DataRequest, Change, Merge, Duplicate, ImportRow,
            ToBeErased,
        )
    )  # fmt: skip
    # Our guess that two contacts may be one, and work that is under way.
    derived = frozenset({"contacts.Duplicate", "contacts.ToBeErased"})

    def sections(self, person: Person) -> Iterator[Section]:
        ids = person.ids
        contacts = (
            Contact.objects.filter(pk__in=ids)
            .select_related("company", "stage", "owner")
            .order_by(F("merged_into").asc(nulls_first=True), "pk")
        )
        yield Section("contacts", _("Who you are"), _identity(), contacts, ["contacts.Contact"])
        consents = Consent.objects.filter(contact__in=ids).select_related("shown").order_by("given_at", "pk")
        yield Section("consents", _("What you allowed or refused"), _consent(), consents, ["contacts.Consent"])
        blocks = DoNotContact.objects.filter(contact__in=ids).order_by("pk")
        columns = columns_of(DoNotContact, "channel", "reason", "note", "created_at")
        yield Section("blocks", _("Where we no longer write to you"), columns, blocks, ["contacts.DoNotContact"])
        tags = ContactTag.objects.filter(contact__in=ids).select_related("tag").order_by("pk")
        since = {"since": Column(_("since"), lambda row: row.created_at)}
        yield Section("tags", _("Tags"), columns_of(ContactTag, "tag", **since), tags, ["contacts.ContactTag"])
        memberships = Membership.objects.filter(contact__in=ids).select_related("segment").order_by("pk")
        columns = columns_of(Membership, "segment", "is_member", "reason", "note", "since")
        yield Section("memberships", _("Lists and segments"), columns, memberships, ["contacts.Membership"])
        asked = DataRequest.objects.filter(contact__in=ids).order_by("pk")
        columns = columns_of(DataRequest, "kind", "source", "ip", "asked_at", "done_at")
        yield Section("data_requests", _("What you asked of us"), columns, asked, ["contacts.DataRequest"])
        merges = Merge.objects.filter(winner__in=ids).order_by("pk")
        values = Column(_("values"), lambda row: row.fields)
        columns = columns_of(Merge, "origin", "at", "note", "undone_at", fields=values)
        yield Section("merges", _("Records of you that were put together"), columns, merges, ["contacts.Merge"])
        waiting = Change.objects.filter(contact_id__in=ids).order_by("pk")
        columns = columns_of(Change, "kind", "data", "at")
        yield Section("changes", _("Changes that are being processed"), columns, waiting, ["contacts.Change"])
        columns = {
            "file": Column(_("file"), lambda row: row.job.name),
            "line": Column(_("line"), lambda row: row.line),
            "cells": Column(_("values"), lambda row: dict(zip(row.job.headers, row.cells, strict=False))),
        }
        lines = ImportRow.objects.filter(pk__in=sql.import_rows(person.emails)).select_related("job").order_by("pk")
        yield Section("import_lines", _("Lines of files that were imported"), columns, lines, ["contacts.ImportRow"])

    def erase(self, erasing: Erasing) -> None:
        ToBeErased.objects.filter(contact__in=erasing.ids).delete()
        erasing.delete(ImportRow.objects.filter(pk__in=sql.import_rows(erasing.emails)))


def _identity() -> dict[str, Column]:
    labels = {field.key: field.label for field in CustomField.objects.all()}

    def custom(contact: Any) -> dict[str, Any]:
        return {labels.get(key, key): value for key, value in contact.fields.items()}

    more = {
        "country": Column(
            _("country"), lambda row: row.country, lambda row: row.country and countries.name(row.country)
        ),
        "fields": Column(_("more"), lambda row: row.fields, custom),
    }
    return columns_of(Contact, *IDENTITY, **more) | columns_of(
        Contact, "language", "time_zone", "stage", "created_at", "updated_at"
    )


def _consent() -> dict[str, Column]:
    version = Column(_("text version"), lambda row: row.shown and row.shown.version)
    return columns_of(Consent, "purpose", "granted", "given_at", "asked_at", "text", text_version=version) | columns_of(
        Consent, "source", "ip"
    )
