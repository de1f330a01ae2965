"""Segment filters of behaviour: did a contact open, click, visit, submit … this, so often, in the last days?

Which subjects are meant is resolved in the small dimension table and joined to events by key, as scoring does. What
machines did does not count.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from contacts import clock
from contacts.filters import filters
from contacts.filters.base import Entry, Filter, Operator, Rule, having, negated, within
from contacts.filters.inputs import BadConditions, Input, Rows
from contacts.models import Contact
from tracking import pages
from tracking.models import Event, Kind, Subject, Verdict

Type = Subject.Type
PEOPLE = (Verdict.UNKNOWN, Verdict.HUMAN)
TIMES = Input(
    kind="whole", name="times", before=_("at least"), after=_("times"), required=False, minimum=1, maximum=100_000
)
DAYS = Input(
    kind="whole", name="days", before=_("in the last"), after=_("days"), required=False, minimum=1, maximum=36_500
)


def chosen(type: str, empty: Any) -> Input:
    """A choice among the subjects of a type, by the subject's id; nothing chosen means any."""
    rows = Rows(lambda: Subject.objects.filter(type=type).order_by("name", "key"))
    return Input(kind="choice", name="subject", choices=rows, required=False, empty=empty)


class AddressInput(Input):
    """Host and path, as people write them: `example.com/pricing`, or `/pricing` on any site; all that is under it."""

    def clean(self, value: Any, *, check_exists: bool = True) -> Any:
        text = super().clean(value, check_exists=check_exists)
        if text and parse(text) is None:
            raise BadConditions(_("“%(value)s” is not an address"), params={"value": text})
        return text


def parse(address: str) -> tuple[str, str] | None:
    """(host, path) of what a marketer wrote; host "" where it begins with a slash. None for what is no address."""
    address = address.removesuffix("*")
    if address.startswith("/") and not address.startswith("//"):
        host, path = pages.normalise(f"any.example{address}")
        return ("", path) if host else None
    host, path = pages.normalise(address)
    return (host, path) if host else None


def under(address: str) -> Q:
    """The subjects (pages, links) at an address and under it."""
    host, path = parse(address) or ("", "")
    q = Q(host=host) if host else Q()
    return q if path == "/" and host else q & (Q(path=path) | Q(path__startswith=path.rstrip("/") + "/"))


ADDRESS = AddressInput(
    kind="text", name="address", before=_("under"), required=False, hint=_("example.com/pricing or /pricing")
)


class BehaviourFilter(Filter):
    """Did KIND about these subjects at least N times in the last D days, or did not."""

    family = _("Behaviour")
    of_profile = False
    kind: ClassVar[Kind]
    did: ClassVar[Any]  # "opened"
    did_not: ClassVar[Any]
    what: ClassVar[tuple[Input, ...]] = ()
    subject_type: ClassVar[str] = ""

    def entries(self) -> list[Entry]:
        operators = (
            Operator("did", self.did, (*self.what, TIMES, DAYS)),
            Operator("did_not", self.did_not, (*self.what, DAYS)),
        )
        return [Entry(self.label, operators)]

    def words(self, rule: Rule) -> str:
        return super().words(rule).removeprefix(f"{rule.entry.label} ")

    def q(self, rule: Rule, contacts: QuerySet[Contact] | None) -> Q:
        events = Event.objects.filter(kind=self.kind, verdict__in=PEOPLE, contact__isnull=False)
        # Not limited to `contacts`: as EXISTS they are looked up (index event_of_contact) for those asked about alone.
        if rule.values.get("days"):
            events = events.filter(at__gte=clock.now() - timedelta(days=rule.values["days"]))
        if (subjects := self.subjects(rule)) is not None:
            events = events.filter(subject__in=subjects)
        if (times := rule.values.get("times") or 1) > 1:
            often = events.values("contact_id").annotate(times=Count("*")).filter(times__gte=times)
            return within(often.values("contact_id"))
        return having(events) if rule.op == "did" else negated(having(events))

    def subjects(self, rule: Rule) -> QuerySet[Subject] | None:
        """What the events are about; None where it does not matter."""
        if subject := rule.values.get("subject"):
            return Subject.objects.filter(pk=subject, type=self.subject_type)
        if address := rule.values.get("address"):
            return Subject.objects.filter(under(address), type=self.subject_type)
        return None


class ClickFilter(BehaviourFilter):
    """A click on a link; links know their message as their subject's parent."""

    def subjects(self, rule: Rule) -> QuerySet[Subject] | None:
        message, address = rule.values.get("subject"), rule.values.get("address")
        if not message and not address:
            return None
        links = Subject.objects.filter(type=Type.LINK)
        links = links.filter(parent=message) if message else links
        return links.filter(under(address)) if address else links


@filters.register
class EmailSent(BehaviourFilter):
    key = "email_sent"
    label = _("was sent an email")
    did, did_not = _("was sent"), _("was not sent")
    kind, subject_type = Kind.EMAIL_SENT, Type.EMAIL
    what: ClassVar = (chosen(Type.EMAIL, _("any email")),)


@filters.register
class EmailOpened(BehaviourFilter):
    key = "email_opened"
    label = _("opened an email")
    did, did_not = _("opened"), _("did not open")
    kind, subject_type = Kind.EMAIL_OPENED, Type.EMAIL
    what: ClassVar = (chosen(Type.EMAIL, _("any email")),)


@filters.register
class EmailClicked(ClickFilter):
    key = "email_clicked"
    label = _("clicked in an email")
    did, did_not = _("clicked in"), _("did not click in")
    kind = Kind.EMAIL_CLICKED
    what: ClassVar = (chosen(Type.EMAIL, _("any email")), ADDRESS)


@filters.register
class SmsClicked(ClickFilter):
    key = "sms_clicked"
    label = _("clicked in an SMS")
    did, did_not = _("clicked in"), _("did not click in")
    kind = Kind.SMS_CLICKED
    what: ClassVar = (chosen(Type.SMS, _("any SMS")), ADDRESS)


@filters.register
class PageVisited(BehaviourFilter):
    key = "page_visited"
    label = _("visited a web page")
    did, did_not = _("visited a page"), _("did not visit a page")
    kind, subject_type = Kind.PAGE_VISITED, Type.PAGE
    what: ClassVar = (ADDRESS,)


@filters.register
class LandingPageVisited(BehaviourFilter):
    key = "landing_page_visited"
    label = _("visited a landing page")
    did, did_not = _("visited"), _("did not visit")
    kind, subject_type = Kind.LANDING_PAGE_VISITED, Type.LANDING_PAGE
    what: ClassVar = (chosen(Type.LANDING_PAGE, _("any landing page")),)


@filters.register
class FormSubmitted(BehaviourFilter):
    key = "form_submitted"
    label = _("submitted a form")
    did, did_not = _("submitted"), _("did not submit")
    kind, subject_type = Kind.FORM_SUBMITTED, Type.FORM
    what: ClassVar = (chosen(Type.FORM, _("any form")),)


@filters.register
class AssetDownloaded(BehaviourFilter):
    key = "asset_downloaded"
    label = _("downloaded a resource")
    did, did_not = _("downloaded"), _("did not download")
    kind, subject_type = Kind.ASSET_DOWNLOADED, Type.ASSET
    what: ClassVar = (chosen(Type.ASSET, _("any resource")),)


@filters.register
class WebinarRegistered(BehaviourFilter):
    key = "webinar_registered"
    label = _("registered for a webinar")
    did, did_not = _("registered for"), _("did not register for")
    kind, subject_type = Kind.WEBINAR_REGISTERED, Type.WEBINAR
    what: ClassVar = (chosen(Type.WEBINAR, _("any webinar")),)


@filters.register
class WebinarAttended(BehaviourFilter):
    key = "webinar_attended"
    label = _("attended a webinar")
    did, did_not = _("attended"), _("did not attend")
    kind, subject_type = Kind.WEBINAR_ATTENDED, Type.WEBINAR
    what: ClassVar = (chosen(Type.WEBINAR, _("any webinar")),)


@filters.register
class WebinarMissed(BehaviourFilter):
    key = "webinar_missed"
    label = _("missed a webinar")
    did, did_not = _("missed"), _("did not miss")
    kind, subject_type = Kind.WEBINAR_MISSED, Type.WEBINAR
    what: ClassVar = (chosen(Type.WEBINAR, _("any webinar")),)


@filters.register
class CustomEvent(BehaviourFilter):
    key = "custom_event"
    label = _("did something else (custom event)")
    did, did_not = _("did"), _("did not do")
    kind, subject_type = Kind.CUSTOM, Type.CUSTOM
    what: ClassVar = (chosen(Type.CUSTOM, _("any custom event")),)


@filters.register
class CampaignStarted(BehaviourFilter):
    key = "campaign_started"
    label = _("started a campaign")
    did, did_not = _("started"), _("did not start")
    kind, subject_type = Kind.CAMPAIGN_STARTED, Type.CAMPAIGN
    what: ClassVar = (chosen(Type.CAMPAIGN, _("any campaign")),)
