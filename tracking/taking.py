"""How a post finds its form and leaves its hit: on its own connection, or with others where the hot path is in front."""

from __future__ import annotations

from typing import Any, Protocol

from django.http import HttpRequest

from tracking import hits, subjects
from tracking.doorbell import ring
from tracking.hits import NewHit
from tracking.models import Form, FormField, Subject

KEY = "bareme.taking"  # in the environ


class Taking(Protocol):
    def form(self, public_id: str) -> Form | None:
        """The form that is open under this address, with all that a post needs of it."""

    def rows(self, form: Form) -> list[FormField]: ...

    def subject_id(self, form: Form) -> int: ...

    def keep(self, hit: NewHit) -> None:
        """The hit is durable when this returns. Raises OperationalError."""


class Alone:
    """On the request's own connection."""

    def form(self, public_id: str) -> Form | None:
        found = Form.objects.select_related("asset").prefetch_related("fields")
        return found.filter(public_id=public_id, is_active=True, archived_at=None).first()

    def rows(self, form: Form) -> list[FormField]:
        return list(form.fields.all())

    def subject_id(self, form: Form) -> int:
        return int(subjects.register(Subject.Type.FORM, form.pk, str(form)).pk)

    def keep(self, hit: NewHit) -> None:
        hits.record(hit)
        ring()


ALONE = Alone()


def of(request: HttpRequest) -> Taking:
    found: Any = request.META.get(KEY)
    return found or ALONE
