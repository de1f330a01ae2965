"""The hidden link: it stands in every tracked mail where no person sees it, so whoever follows it is a machine."""

from __future__ import annotations

from django.urls import reverse

from tracking import addresses, subjects
from tracking.models import Subject


def subject_id() -> int:
    """The subject its clicks are about, one for all mails; made on first call. Safe to repeat and to race."""
    wanted = Subject(type=Subject.Type.HIDDEN_LINK, key="hidden", name="Hidden link")
    return subjects.ids([wanted])[Subject.Type.HIDDEN_LINK, "hidden"]


def target() -> str:
    """Where it leads, by its token alone: a page of ours that says what it is."""
    return addresses.public(reverse("tracking:hidden"))
