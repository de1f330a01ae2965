"""What a contact did and what happened to them, newest first, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from contacts.models import Channel, Contact, DoNotContact, Purpose, Segment, Stage, Tag
from contacts.numerals import number_in
from contacts.remarks import Remark
from contacts.wording import labelled
from tracking import wording
from tracking.models import Event, Kind, Subject, Verdict
from tracking.verdicts.reasons import JUDGED
from tracking.verdicts.wording import label as verdict_label

PAGE = 50
NOTHING = "…"  # where it was about something that is gone

# The admin pages of what events are about. Those of the apps above are named, not imported; what is not there is no link.
ADMIN_PAGES = {
    Subject.Type.EMAIL: "campaigns_email",
    Subject.Type.SMS: "campaigns_sms",
    Subject.Type.WEBINAR: "campaigns_webinar",
    Subject.Type.CAMPAIGN: "campaigns_campaign",
    Subject.Type.FORM: "tracking_form",
    Subject.Type.LANDING_PAGE: "tracking_landingpage",
    Subject.Type.ASSET: "tracking_asset",
}


@dataclass(frozen=True)
class Line:
    at: datetime
    kind: int
    icon: str
    sentence: str
    detail: str
    answers: Sequence[tuple[str, str]]
    url: str
    event_id: int
    verdict: str = ""  # who it was, where anything speaks for or against a person
    is_counted: bool = True


@dataclass(frozen=True)
class Page:
    lines: Sequence[Line]
    older: str  # where the next page begins; empty on the last one


def page(contact: Contact, before: str = "", size: int = PAGE) -> Page:
    """Up to `size` events before the cursor `before` (as an earlier page gave it): one query, and the names in it."""
    events = Event.objects.filter(contact=contact).select_related("subject__parent").order_by("-at", "-id")
    if cursor := _cursor(before):
        events = events.filter(Q(at__lt=cursor[0]) | Q(at=cursor[0], id__lt=cursor[1]))
    found = list(events[: size + 1])
    shown, rest = found[:size], found[size:]
    if rest and (trailing := _trailing_answers(shown)) < len(shown):
        shown = shown[: len(shown) - trailing]  # they belong to a submission of the next page
    older = f"{shown[-1].at.isoformat()}_{shown[-1].pk}" if rest else ""
    return Page(lines=_lines(shown), older=older)


def told(events: Sequence[Event]) -> list[str]:
    """What each of these was about, as its line in a timeline has it: a query for each kind of name that occurs."""
    names = _Names(events)
    return [_about(event, names) for event in events]


def _cursor(text: str) -> tuple[datetime, int] | None:
    moment, _sep, number = text.replace(" ", "+").rpartition("_")
    try:
        at = parse_datetime(moment)
        if at is None or timezone.is_naive(at) or not (pk := number_in(number)):
            return None
        return at.astimezone(UTC), pk
    except (ValueError, OverflowError):  # no time at all, or none that PostgreSQL could read
        return None


def _trailing_answers(events: Sequence[Event]) -> int:
    count = 0
    for event in reversed(events):
        if event.kind != Kind.FORM_ANSWERED:
            break
        count += 1
    return count


def _lines(events: Sequence[Event]) -> list[Line]:
    """Answers are told below their submission; they were written after it, so newest first they come before."""
    names = _Names(events)
    lines: list[Line] = []
    answers: dict[tuple[datetime, int | None], list[tuple[str, str]]] = {}
    for event in events:
        if event.kind == Kind.FORM_ANSWERED:
            form = event.subject.parent_id if event.subject else None
            answer = (str(event.data.get("field", "")), str(event.data.get("answer", "")))
            answers.setdefault((event.at, form), []).append(answer)
        elif not _is_told_elsewhere(event):
            given = answers.pop((event.at, event.subject_id), []) if event.kind == Kind.FORM_SUBMITTED else []
            lines.append(_line(event, names, given[::-1]))
    return lines


def _is_told_elsewhere(event: Event) -> bool:
    """A new stage is a line of its own, and so is the consent that an answer to a banner became."""
    if event.kind == Kind.CONSENT_ANSWERED:
        return True
    return event.kind == Kind.CONTACT_CHANGED and event.data.keys() == {"stage_id"}


def _line(event: Event, names: _Names, answers: Sequence[tuple[str, str]]) -> Line:
    icon, sentence = wording.of(event.kind)
    if event.subject and event.subject.type == Subject.Type.HIDDEN_LINK:
        sentence = _("Followed a link of an email that people cannot see")
    values = {"about": _about(event, names), "inside": str(event.subject.parent or "") if event.subject else ""}
    return Line(
        at=event.at,
        kind=event.kind,
        icon=icon,
        sentence=sentence % values,
        detail=_detail(event),
        answers=answers,
        url=_url(event.subject),
        event_id=event.pk,
        verdict=verdict_label(event.verdict, event.reasons) if event.kind in JUDGED else "",
        is_counted=event.verdict < Verdict.PROXY,
    )


def _about(event: Event, names: _Names) -> str:
    """What the sentence is about: the subject's name, or what the event itself says."""
    data = event.data
    match event.kind:
        case Kind.TAG_ADDED | Kind.TAG_REMOVED:
            return names.tags.get(data.get("id"), "…")
        case Kind.SEGMENT_ENTERED | Kind.SEGMENT_LEFT:
            return names.segments.get(data.get("id"), "…")
        case Kind.STAGE_CHANGED:
            return names.stages.get(names.new_stage(event) or 0, _("no stage"))
        case Kind.CONTACT_CHANGED:
            return _changed(data)
        case Kind.CONSENT_CHANGED | Kind.CONSENT_ANSWERED:
            answer = _("yes") if data.get("granted") else _("no")
            purpose = data.get("purpose", "")
            return labelled(dict([*Purpose.choices, *Channel.choices]).get(purpose, purpose), answer)
        case Kind.BLOCKED | Kind.UNBLOCKED:
            channel = dict(Channel.choices).get(data.get("channel", ""), "")
            reason = dict(DoNotContact.Reason.choices).get(data.get("reason", ""), "")
            return f"{channel} ({reason})" if event.kind == Kind.BLOCKED and reason else str(channel)
    return str(event.subject) if event.subject else NOTHING


def _changed(data: dict[str, Any]) -> str:
    """The labels of the contact fields that changed."""
    labels = [_label(name) for name in data if name not in ("stage_id", "id")]
    return ", ".join(labels) or _("company")


def _label(name: str) -> str:
    try:
        return str(Contact._meta.get_field(name.removesuffix("_id")).verbose_name)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return name


def _detail(event: Event) -> str:
    """The one fact a reader wants below the sentence."""
    if event.kind in (Kind.PAGE_VISITED, Kind.LANDING_PAGE_VISITED, Kind.FORM_SUBMITTED):
        return str(event.data.get("url", ""))
    if event.kind == Kind.CUSTOM and isinstance(properties := event.data.get("properties"), dict):
        return ", ".join(labelled(name, value) for name, value in properties.items())
    if event.kind in (Kind.SEGMENT_ENTERED, Kind.SEGMENT_LEFT, Kind.CONSENT_CHANGED):
        return Remark.read(str(event.data.get("note") or event.data.get("source") or ""))
    return ""


def _url(subject: Subject | None) -> str:
    """The admin page of what it was about; a link leads to the message it stands in."""
    while subject and subject.type not in ADMIN_PAGES:
        subject = subject.parent
    if subject is None or not subject.ref_id:
        return ""
    try:
        return reverse(f"admin:{ADMIN_PAGES[Subject.Type(subject.type)]}_change", args=[subject.ref_id])
    except NoReverseMatch:
        return ""


class _Names:
    """The names of the tags, segments and stages these events name by id: a query for each kind that occurs."""

    def __init__(self, events: Iterable[Event]) -> None:
        events = list(events)
        self.tags = self._of(Tag, events, (Kind.TAG_ADDED, Kind.TAG_REMOVED))
        self.segments = self._of(Segment, events, (Kind.SEGMENT_ENTERED, Kind.SEGMENT_LEFT))
        stages = {stage for event in events if event.kind == Kind.STAGE_CHANGED if (stage := self.new_stage(event))}
        self.stages = dict(Stage.objects.filter(pk__in=stages).values_list("pk", "name")) if stages else {}

    @staticmethod
    def new_stage(event: Event) -> int | None:
        change = event.data.get("stage_id")
        return change[1] if isinstance(change, list) and len(change) == 2 else None

    @staticmethod
    def _of(model: type[Tag] | type[Segment], events: Sequence[Event], kinds: Sequence[Kind]) -> dict[int | None, str]:
        ids = {event.data["id"] for event in events if event.kind in kinds and isinstance(event.data.get("id"), int)}
        return dict(model._default_manager.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
