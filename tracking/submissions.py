"""Form submissions: answers become a contact's fields, consents, a kept submission, and events rules can match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid5

from django.conf import settings
from django.core.exceptions import ValidationError

from contacts import countries, custom_values, fields, segments
from contacts.consent import shortened
from contacts.models import Company, Consent, Contact, CustomField, Membership, Purpose
from tracking import subjects
from tracking.models import Form, FormField, FormSubmission, Kind, Subject

Row = dict[str, Any]
Answers = dict[str, Any]


class Submissions:
    """The submissions of one batch: their forms are loaded once."""

    def __init__(self, hits: Iterable[Row]) -> None:
        self.hits = [hit for hit in hits if hit["kind"] == Kind.FORM_SUBMITTED]
        wanted = {hit["data"].get("form") for hit in self.hits}
        self.forms: dict[int, Form] = {
            form.pk: form for form in Form.objects.filter(pk__in=wanted).prefetch_related("fields")
        }

    def name_people(self) -> None:
        """Put the email among the answers where identity looks for it."""
        for hit in self.hits:
            for field, answer in self._answered(hit):
                if field.contact_field == "email":
                    hit["data"]["email"] = answer

    def keep(self, contacts: dict[int, int | None]) -> None:
        """Save the submissions and what they say about their contacts (hit id → contact id). Idempotent by hit key."""
        for hit in self.hits:
            if (form := self.forms.get(hit["data"].get("form"))) is None:
                continue
            contact_id = contacts.get(hit["id"])
            FormSubmission.objects.get_or_create(
                key=hit["key"],
                defaults={
                    "form": form,
                    "contact_id": contact_id,
                    "visitor_id": hit["visitor_id"],
                    "answers": hit["data"].get("answers", {}),
                    "url": hit["url"],
                    "at": hit["at"],
                },
            )
            if contact_id:
                update_contact(
                    contact_id,
                    {field.contact_field: answer for field, answer in self._answered(hit) if field.contact_field},
                )
                self._note_consents(hit, form, contact_id)
                if form.segment:
                    segments.add(form.segment, [contact_id], Membership.Reason.FORM, form.name)

    def answers(self, hit: Row) -> list[Subject]:
        """The unsaved subjects of the closed answers of a submission, one for each choice made."""
        return [
            Subject(
                type=Subject.Type.ANSWER,
                key=subjects.key(f"{field.form_id}:{field.key}:{choice}"[:1300]),
                name=field.key,
                path=choice[:1000],
                parent_id=hit["subject_id"],
            )
            for field, answer in self._answered(hit)
            if field.type in FormField.CLOSED
            for choice in _choices(answer)
        ]

    def _answered(self, hit: Row) -> Iterable[tuple[FormField, Any]]:
        form = self.forms.get(hit["data"].get("form"))
        answers: Answers = hit["data"].get("answers") or {}
        for field in form.fields.all() if form else ():
            if (answer := answers.get(field.key)) not in (None, "", []):
                yield field, answer

    def _note_consents(self, hit: Row, form: Form, contact_id: int) -> None:
        for purpose, text in (hit["data"].get("consents") or {}).items():
            if purpose in Purpose.values:
                Consent.objects.create(
                    contact_id=contact_id,
                    purpose=purpose,
                    granted=True,
                    text=text,
                    source=form.name,
                    ip=shortened(hit["ip"]),
                    given_at=hit["at"],
                )


def update_contact(contact_id: int, values: Answers, *, overwrite: bool = True) -> None:
    """Write what a person said onto their contact; values that are not valid for their field are left out.

    With `overwrite` False only empty fields are filled: what anybody may send must not change what is known.
    """
    contact = Contact.objects.select_for_update(no_key=True).get(pk=contact_id)
    given = {name.removeprefix("fields."): value for name, value in values.items() if value not in EMPTY}
    custom = {field.key: field for field in CustomField.objects.filter(key__in=list(given), archived_at__isnull=True)}
    for name in sorted(given, key=lambda name: name != "country"):  # a phone number is read in its country
        if overwrite or _is_empty(contact, name):
            with suppress(ValidationError):
                _set(contact, name, given[name], custom.get(name))
    contact.save()


EMPTY: tuple[Any, ...] = (None, "", [])
TEXTS = ("first_name", "last_name", "job_title", "city")


def _is_empty(contact: Contact, name: str) -> bool:
    known = contact.fields.get(name) if name not in fields.RESERVED else getattr(contact, name, None)
    return known in EMPTY


def _set(contact: Contact, name: str, value: Any, custom: CustomField | None) -> None:
    """Raises ValidationError where the value is none for this field."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value).strip()
    if custom:
        contact.fields[name] = custom_values.clean(custom, value)
    elif name == "company" and text:
        contact.company = _company(text[:200].strip())
    elif name in TEXTS:
        setattr(contact, name, text[: getattr(Contact._meta.get_field(name), "max_length", None)])
    elif name == "phone":
        contact.phone = fields.normalise_phone(text, contact.country)
    elif name == "country":
        contact.country = _country(text)
    elif name in ("language", "time_zone"):
        setattr(contact, name, _known(name, text))


def _country(text: str) -> str:
    code = countries.code(text).upper()
    if code not in countries.NAMES:
        raise ValidationError("not a country")
    return code


def _known(name: str, text: str) -> str:
    if text not in (fields.time_zones() if name == "time_zone" else dict(settings.LANGUAGES)):
        raise ValidationError("not one that exists")
    return text


def _company(name: str) -> Company:
    found = Company.objects.filter(name__iexact=name).first()
    return found or Company.objects.get_or_create(name=name)[0]


def _choices(answer: Any) -> Sequence[str]:
    if isinstance(answer, bool):
        return ["true" if answer else "false"]
    return [str(choice) for choice in answer] if isinstance(answer, list) else [str(answer)]


def answer_key(hit: Row, subject: Subject) -> Any:
    """The key of the event for one answer of a submission: stable, so it counts once."""
    return uuid5(hit["key"], subject.key)
