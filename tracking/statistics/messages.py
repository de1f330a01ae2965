"""What an email or SMS came to, and its links."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from contacts.wording import whole
from tracking import daysums
from tracking.models import Kind, Link, Subject
from tracking.statistics.report import Figure, Report, Span, Table, columns_of, of_people
from tracking.statistics.seen import Seen

CLICKED = (Kind.EMAIL_CLICKED, Kind.SMS_CLICKED)


class _Sent(Seen):
    """A message that was sent, and its links."""

    def __init__(self, type: Subject.Type, ref_id: int, kind: Kind, days: Span) -> None:
        super().__init__(type, ref_id, kind, days)
        links = Link.objects.filter(source=self.subject) if self.subject else Link.objects.none()
        self.about = [self.subject] if self.subject else []
        self.links = list(links.values_list("subject_id", flat=True))

    def figure(self) -> Figure:
        return Figure(_("Sent"), whole(self.times), _("to %(count)s people") % {"count": self.crowd})

    def did(self, label: str, kind: Kind) -> Figure:
        about = self.links if kind in CLICKED else self.about
        return of_people(label, daysums.together(about, kind, self.days), self.people)

    def report(self, figures: Sequence[Figure], notes: Sequence[str]) -> Report:
        tables = [of_links(self.subject, self.days)] if self.subject else []
        return Report(
            self.days, [self.figure(), *figures], self.by_day(), _("Sent by day"), tables, [*notes, *self.notes()]
        )


def of_email(email_id: int, days: Span) -> Report:
    """An email: sent, opened, clicked, left; who is counted once is in the shares."""
    sent = _Sent(Subject.Type.EMAIL, email_id, Kind.EMAIL_SENT, days)
    return sent.report(
        [
            sent.did(_("Opened"), Kind.EMAIL_OPENED),
            sent.did(_("Clicked"), Kind.EMAIL_CLICKED),
            sent.did(_("Unsubscribed"), Kind.UNSUBSCRIBED),
        ],
        [
            _("Opens are those we may know of: without consent a mail carries no pixel, and many programs load none."),
            _(
                "Shares are of the people it was sent to in these days; who opened an earlier one later is among those who "
                "opened."
            ),
        ],
    )


def of_sms(sms_id: int, days: Span) -> Report:
    """An SMS: sent, clicked, and each of its links. (Nothing tells that one was read; STOP is about all of them.)"""
    sent = _Sent(Subject.Type.SMS, sms_id, Kind.SMS_SENT, days)
    shares = _(
        "Shares are of the people it was sent to in these days; who clicked in an earlier one is among those who clicked."
    )
    return sent.report([sent.did(_("Clicked"), Kind.SMS_CLICKED)], [shares])


def of_links(source: int, days: Span) -> Table:
    """The links of an email or SMS, by the id of its subject: how often, by how many people, how often by machines."""
    links = list(Link.objects.filter(source=source).order_by("pk")[:200])
    counts = daysums.by_subject([link.subject_id for link in links], CLICKED, days)
    rows = [(link.url, *columns_of(counts.get(link.subject_id))) for link in links]
    rows.sort(key=lambda row: -row[1])
    return Table(
        _("Links"), [_("Link"), _("Clicks"), _("People"), _("Clicks by machines")], rows, _("There are no links.")
    )
