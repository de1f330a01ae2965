"""Notices: colleagues hear of a form's new answers. One delivery for each submission, tried again and visible like any other."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from campaigns.mail.fields import one_line, page_of
from campaigns.mail.render import Rendered
from campaigns.models import Delivery
from contacts.wording import labelled
from tracking.models import Event, Form, FormSubmission, Kind
from tracking.submissions_csv import said

TYPE = "notify_of_submission"
KEYS = uuid.UUID("0d1c7c1e-7f0f-4f0e-9a35-3f4f2b7d5c19")  # never change: a submission is told of once
NOTED = frozenset({Kind.FORM_SUBMITTED})  # the kinds of events that `note` has something to do with
TICKED, NOT_TICKED = "☑", "☐"
RECENT = timedelta(days=7)  # history that is loaded later is no news


def note(event_ids: Sequence[int]) -> int:
    """Write the deliveries that tell of these submissions, where their form asks for it; how many submissions that were.

    The caller holds a transaction. Repeating tells nobody twice.
    """
    telling = Form.objects.filter(Q(notify_owner=True) | Q(notify_users__isnull=False))
    if not event_ids or not telling.exists():
        return 0
    submitted = Event.objects.filter(pk__in=event_ids, kind__in=NOTED, at__gte=timezone.now() - RECENT)
    found = submitted.filter(subject__ref_id__in=telling.values("pk")).values_list("key", "contact_id")
    rows = [
        Delivery(contact_id=contact_id, type=TYPE, params={"submission": str(key)}, key=uuid.uuid5(KEYS, str(key)))
        for key, contact_id in found
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def addresses(submission: FormSubmission) -> list[str]:
    """Whom to tell: the colleagues the form names and, if it says so, the contact's owner."""
    form, contact = submission.form, submission.contact
    users = list(form.notify_users.all())
    if form.notify_owner and contact and contact.owner:
        users.append(contact.owner)
    return sorted({user.email.lower() for user in users if user.is_active and user.email})


def rendered(submission: FormSubmission) -> Rendered:
    """The mail: the answers as they were given, and where to see more. An answer goes to who gave them."""
    contact = submission.contact
    with translation.override(settings.LANGUAGE_CODE):
        who = f" · {contact}" if contact else ""
        lines = [_("%(form)s was filled in.") % {"form": submission.form.name}, ""]
        lines += _answers(submission)
        page = reverse("admin:tracking_formsubmission_change", args=[submission.pk])
        lines += ["", labelled(_("The submission"), f"{settings.PUBLIC_URL}{page}")]
        if contact:
            lines.append(labelled(_("The contact"), page_of(contact)))
        return Rendered(
            title=one_line(f"{submission.form.name}{who}")[:200],
            sender=settings.DEFAULT_FROM_EMAIL,
            reply_to=one_line(contact.email or "") if contact else "",
            html="",
            text="\n".join(lines) + "\n",
        )


def _answers(submission: FormSubmission) -> list[str]:
    labels = dict(submission.form.fields.values_list("key", "label"))
    answers = submission.answers
    keys = [*(key for key in labels if key in answers), *(key for key in answers if key not in labels)]
    return [_answer(labels.get(key, key), answers[key]) for key in keys if answers[key] not in ("", [], None)]


def _answer(label: str, answer: Any) -> str:
    """The question in the form's language, the answer as it was given: nothing in between that needs a language.

    A label that is a sentence of its own takes no colon.
    """
    if isinstance(answer, bool):
        return f"{TICKED if answer else NOT_TICKED} {label}"
    return f"{label} {said(answer)}" if label.endswith(tuple(".?!:…")) else labelled(label, said(answer))
