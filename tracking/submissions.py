"""Form submissions: answers become a contact's fields, consents, a kept submission, and events rules can match."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone

from contacts import consent_texts, segments
from contacts.consent import shortened
from contacts.models import Channel, Consent, Membership, Purpose
from tracking import double_opt_in, subjects
from tracking.consents import Said
from tracking.introductions import Introduction
from tracking.models import Confirmation, Form, FormField, FormSubmission, Hit, Kind, Subject

Answers = dict[str, Any]
Contacts = Mapping[int, int | None]


class Submissions:
    """The submissions of one batch: their forms are loaded once, and what they bring is written at once."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        self.hits = [hit for hit in hits if hit.kind == Kind.FORM_SUBMITTED]
        wanted = {hit.data.get("form") for hit in self.hits}
        forms = Form.objects.filter(pk__in=wanted).select_related("segment").prefetch_related("fields")
        self.forms: dict[int, Form] = {form.pk: form for form in forms} if self.hits else {}

    def emails(self) -> dict[int, Any]:
        """The email among the answers, where identity looks for it, by the hit's id."""
        return {
            hit.pk: answer
            for hit in self.hits
            for field, answer in self._answered(hit)
            if field.contact_field == "email"
        }

    def said(self) -> list[Said]:
        """What is agreed to at once, as long as it is not known yet by whom."""
        known = [(hit, form) for hit in self.hits if (form := self._form(hit)) and not _waits(hit, form)]
        return [Said(hit.pk, purpose, granted=True, at=hit.at) for hit, _form in known for purpose in _agreed(hit)]

    def keep(self, contacts: Contacts) -> None:
        """Save the submissions, the consents given with them, and who joins a segment. Idempotent by hit key."""
        known = [(hit, form) for hit in self.hits if (form := self._form(hit))]
        FormSubmission.objects.bulk_create(
            [_submission(hit, form, contacts[hit.pk]) for hit, form in known], ignore_conflicts=True
        )
        Consent.objects.bulk_create(_with_versions([c for hit, form in known for c in _consents(hit, form, contacts)]))
        double_opt_in.ask([row for hit, form in known if (row := self._to_confirm(hit, form, contacts))])
        joining: dict[int, list[int]] = defaultdict(list)
        for hit, form in known:
            if form.segment_id and (contact_id := contacts[hit.pk]) and not _waits(hit, form):
                joining[form.pk].append(contact_id)
        for form_id, contact_ids in joining.items():
            form = self.forms[form_id]
            if form.segment:
                segments.add(form.segment, contact_ids, Membership.Reason.FORM, form.name)

    def _to_confirm(self, hit: Hit, form: Form, contacts: Contacts) -> Confirmation | None:
        """What waits for a click in a mail, where the form asks for that and an address was given."""
        email = next((answer for field, answer in self._answered(hit) if field.contact_field == "email"), "")
        contact_id = contacts[hit.pk]
        if not _waits(hit, form) or not email or contact_id is None:
            return None
        return Confirmation(
            key=hit.key,
            form=form,
            contact_id=contact_id,
            email=email,
            consents=_agreed(hit),
            language=hit.data.get("language") or form.language,
            ip=shortened(hit.ip),
            asked_at=hit.at,
            expires_at=max(hit.at, timezone.now()) + timedelta(days=form.confirm_within_days),
        )

    def introductions(self, contacts: Contacts) -> dict[int, Introduction]:
        """What the answers say of who gave them, by the hit's id."""
        return {
            hit.pk: Introduction(
                contact_id,
                {field.contact_field: answer for field, answer in self._answered(hit) if field.contact_field},
                overwrite=True,
            )
            for hit in self.hits
            if self._form(hit) and (contact_id := contacts[hit.pk])
        }

    def answers(self, hit: Hit) -> list[Subject]:
        """The unsaved subjects of the closed answers of a submission, one for each choice made."""
        return [
            Subject(
                type=Subject.Type.ANSWER,
                key=subjects.key(f"{field.form_id}:{field.key}:{choice}"[:1300]),
                name=field.key,
                path=choice[:1000],
                parent_id=hit.subject_id,
            )
            for field, answer in self._answered(hit)
            if field.type in FormField.CLOSED
            for choice in _choices(answer)
        ]

    def _form(self, hit: Hit) -> Form | None:
        return self.forms.get(hit.data.get("form"))

    def _answered(self, hit: Hit) -> Iterator[tuple[FormField, Any]]:
        form = self._form(hit)
        answers: Answers = hit.data.get("answers") or {}
        for field in form.fields.all() if form else ():
            if (answer := answers.get(field.key)) not in (None, "", []):
                yield field, answer


def answer_key(hit: Hit, subject: Subject) -> UUID:
    """The key of the event for one answer of a submission: stable, so it counts once."""
    return uuid5(hit.key, subject.key)


def _submission(hit: Hit, form: Form, contact_id: int | None) -> FormSubmission:
    return FormSubmission(
        key=hit.key,
        form=form,
        contact_id=contact_id,
        visitor_id=hit.visitor_id,
        answers=hit.data.get("answers", {}),
        url=hit.url,
        at=hit.at,
    )


def _agreed(hit: Hit) -> dict[str, str]:
    """What was agreed to: purpose, or channel, → the text that was shown."""
    said = hit.data.get("consents") or {}
    return {name: text for name, text in said.items() if name in Purpose.values or name in Channel.values}


def _waits(hit: Hit, form: Form) -> bool:
    """Does what was agreed to wait for a confirmation?"""
    return form.double_opt_in and bool(_agreed(hit))


def _consents(hit: Hit, form: Form, contacts: Contacts) -> Iterator[Consent]:
    if (contact_id := contacts[hit.pk]) is None or _waits(hit, form):
        return
    for purpose, text in _agreed(hit).items():
        yield Consent(
            contact_id=contact_id,
            purpose=purpose,
            granted=True,
            text=text,
            source=form.name,
            ip=shortened(hit.ip),
            given_at=hit.at,
        )


def _with_versions(consents: Sequence[Consent]) -> Sequence[Consent]:
    versions = consent_texts.versions_of((one.purpose, one.text) for one in consents)
    for one in consents:
        one.shown = versions.get((one.purpose, one.text))
    return consents


def _choices(answer: Any) -> Sequence[str]:
    if isinstance(answer, bool):
        return ["true" if answer else "false"]
    return [str(choice) for choice in answer] if isinstance(answer, list) else [str(answer)]
