"""What a landing page, a form, an asset or a link came to in a span of days: people, and machines apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from contacts import clock
from tracking import daysums, odds, pages, statistics_sql, subjects
from tracking.daysums import Count
from tracking.models import (
    Asset,
    Form,
    HeldSubmission,
    Kind,
    LandingPage,
    Link,
    PageTest,
    PageVariant,
    Subject,
)
from tracking.odds import Tally

LONGEST = 731  # days
USUAL = 30


@dataclass(frozen=True)
class Span:
    """Whole days of the instance's time zone, the last one included."""

    first: date
    last: date

    @property
    def since(self) -> datetime:
        return clock.midnight(self.first)

    @property
    def until(self) -> datetime:
        return clock.midnight(self.last + timedelta(days=1))

    @property
    def zone(self) -> str:
        return timezone.get_current_timezone_name()

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=at) for at in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """Lines with a name first; `note` says what is not in them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    empty: str = ""


@dataclass(frozen=True)
class Report:
    """All that a page of statistics shows, and its CSV."""

    span: Span
    figures: Sequence[Figure]
    days: Sequence[tuple[date, int]]
    counted: str  # what the days count
    tables: Sequence[Table]
    notes: Sequence[str]


def span(first: str = "", last: str = "") -> Span:
    """The days asked for; the last thirty where nothing sensible was."""
    today = timezone.localdate()
    end = _day(last) or today
    begin = _day(first) or end - timedelta(days=USUAL - 1)
    if begin > end:
        begin, end = end, begin
    return Span(max(begin, end - timedelta(days=LONGEST - 1)), end)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def of_landing_page(page: LandingPage, days: Span) -> Report:
    seen = _Seen(Subject.Type.LANDING_PAGE, page.pk, Kind.LANDING_PAGE_VISITED, days)
    figures = [Figure(_("Visits"), _n(seen.times)), Figure(_("People"), seen.crowd)]
    if page.form_id and seen.subject:
        figures += _rate(_converted(seen, page, days), _("Sent the form"), is_about=seen.is_about)
    return Report(
        days,
        [*figures, *seen.machines()],
        seen.by_day(),
        _("Visits by day"),
        [
            seen.table("referrer", _("Where they came from"), _("Directly, or not said")),
            seen.table("utm", _("Campaigns (UTM)")),
        ],
        seen.notes(),
    )


def of_form(form: Form, days: Span) -> Report:
    seen = _Seen(Subject.Type.FORM, form.pk, Kind.FORM_SUBMITTED, days)
    held = HeldSubmission.objects.filter(form=form, at__gte=days.since, at__lt=days.until).count()
    figures = [
        Figure(_("Submissions"), _n(seen.times)),
        Figure(_("People"), seen.crowd),
        Figure(_("Held as spam"), _n(held)),
    ]
    seen_only = _(
        "Views are those of landing pages and of pages with our script: a form on any other page is not seen before it is "
        "sent."
    )
    tables, notes = [_places(seen, form, days)], [*seen.notes(), seen_only]
    return Report(days, figures, seen.by_day(), _("Submissions by day"), tables, notes)


def of_asset(asset: Asset, days: Span) -> Report:
    seen = _Seen(Subject.Type.ASSET, asset.pk, Kind.ASSET_DOWNLOADED, days)
    figures = [Figure(_("Downloads"), _n(seen.times)), Figure(_("People"), seen.crowd), *seen.machines()]
    return Report(days, figures, seen.by_day(), _("Downloads by day"), [_where_from(asset, days)], seen.notes())


def of_email(email_id: int, days: Span) -> Report:
    """An email: sent, opened, clicked, left; who is counted once is in the shares."""
    source = Subject.objects.filter(type=Subject.Type.EMAIL, key=str(email_id)).first()
    seen = _Seen(Subject.Type.EMAIL, email_id, Kind.EMAIL_SENT, days)
    about = [source.pk] if source else []
    links = list(Link.objects.filter(source=source).values_list("subject_id", flat=True)) if source else []
    opened = daysums.together(about, Kind.EMAIL_OPENED, days)
    clicked = daysums.together(links, Kind.EMAIL_CLICKED, days)
    left = daysums.together(about, Kind.UNSUBSCRIBED, days)
    figures = [
        Figure(_("Sent"), _n(seen.times), _("to %(count)s people") % {"count": seen.crowd}),
        _of_people(_("Opened"), opened, seen.people),
        _of_people(_("Clicked"), clicked, seen.people),
        _of_people(_("Unsubscribed"), left, seen.people),
    ]
    notes = [
        _("Opens are those we may know of: without consent a mail carries no pixel, and many programs load none."),
        _(
            "Shares are of the people it was sent to in these days; who opened an earlier one later is among those who opened."
        ),
    ]
    tables = [of_links(source, days)] if source else []
    return Report(days, figures, seen.by_day(), _("Sent by day"), tables, notes)


def of_sms(sms_id: int, days: Span) -> Report:
    """An SMS: sent, clicked, and each of its links. (Nothing tells that one was read; STOP is about all of them.)"""
    source = Subject.objects.filter(type=Subject.Type.SMS, key=str(sms_id)).first()
    seen = _Seen(Subject.Type.SMS, sms_id, Kind.SMS_SENT, days)
    links = list(Link.objects.filter(source=source).values_list("subject_id", flat=True)) if source else []
    figures = [
        Figure(_("Sent"), _n(seen.times), _("to %(count)s people") % {"count": seen.crowd}),
        _of_people(_("Clicked"), daysums.together(links, Kind.SMS_CLICKED, days), seen.people),
    ]
    notes = [
        _(
            "Shares are of the people it was sent to in these days; who clicked in an earlier one is among those who clicked."
        ),
    ]
    tables = [of_links(source, days)] if source else []
    return Report(days, figures, seen.by_day(), _("Sent by day"), tables, [*notes, *seen.notes()])


def of_links(source: Subject, days: Span) -> Table:
    """The links of an email or SMS: how often, by how many people, how often by machines."""
    links = list(Link.objects.filter(source=source).order_by("pk")[:200])
    kinds = [Kind.EMAIL_CLICKED, Kind.SMS_CLICKED]
    counts = daysums.by_subject([link.subject_id for link in links], kinds, days)
    rows = [(link.url, *_line(counts.get(link.subject_id))) for link in links]
    rows.sort(key=lambda row: -row[1])
    return Table(
        _("Links"), [_("Link"), _("Clicks"), _("People"), _("Clicks by machines")], rows, _("There are no links.")
    )


def tallies(test: PageTest) -> list[tuple[PageVariant, Tally]]:
    """What each variant of a test came to, until its end: from the events, so long as they are all kept."""
    variants = list(test.variants.order_by("letter"))
    if test.result is not None:
        return [(variant, Tally(*test.result.get(variant.letter, (0, 0)))) for variant in variants]
    found = subjects.find([(Subject.Type.LANDING_PAGE, str(test.page_id)), (Subject.Type.FORM, str(test.page.form_id))])
    counts: dict[str, tuple[int, int]] = {}
    if test.started_at:
        values = {
            "page": found.get((Subject.Type.LANDING_PAGE, str(test.page_id))),
            "form": found.get((Subject.Type.FORM, str(test.page.form_id))),
            "visited": int(Kind.LANDING_PAGE_VISITED),
            "sent": int(Kind.FORM_SUBMITTED),
            "since": test.started_at,
            "until": test.ended_at or timezone.now(),
            "test": test.pk,
        }
        counts = statistics_sql.tally(values)
    return [(variant, Tally(*counts.get(variant.letter, (0, 0)))) for variant in variants]


def note_results(before: datetime) -> None:
    """Note what tests that began before a moment came to, once they have ended: their first events are about to go."""
    for test in PageTest.objects.filter(started_at__lt=before, ended_at__isnull=False, result__isnull=True):
        test.result = {variant.letter: [tally.visitors, tally.converted] for variant, tally in tallies(test)}
        test.save(update_fields=["result"])


class _Seen:
    """The counted events of one kind about one thing."""

    def __init__(self, type: Subject.Type, ref_id: int, kind: Kind, days: Span) -> None:
        self.days = days
        self.subject = subjects.find([(type, str(ref_id))]).get((type, str(ref_id)))
        lines, self.is_about = daysums.lines(self.subject, kind, days) if self.subject else ([], False)
        self.lines: dict[str, list[statistics_sql.Counted]] = {}
        for line in lines:
            self.lines.setdefault(line.sort, []).append(line)
        total = self.lines["total"][0] if lines else None
        self.times = total.times if total else 0
        self.by_machines = total.machines if total else 0
        self.people = total.people if total else 0
        self.nameless = total.nameless if total else 0

    @property
    def crowd(self) -> str:
        return crowd(self.people, self.is_about)

    def by_day(self) -> list[tuple[date, int]]:
        counts = {line.name: line.times for line in self.lines.get("day", ())}
        return [(day, counts.get(day.isoformat(), 0)) for day in self.days.days]

    def machines(self) -> list[Figure]:
        return [Figure(_("By machines"), _n(self.by_machines), _("counted nowhere else"))]

    def table(self, sort: str, title: str, unnamed: str = "") -> Table:
        found = self.lines.get(sort, ())
        if self.is_about:
            rows: list[tuple[Any, ...]] = [(line.name or unnamed or "–", line.times) for line in found]
            return Table(title, [title, pgettext("a number of times", "How often")], rows, _("Nothing in these days."))
        rows = [(line.name or unnamed or "–", line.times, line.people) for line in found]
        return Table(
            title, [title, pgettext("a number of times", "How often"), _("People")], rows, _("Nothing in these days.")
        )

    def notes(self) -> list[str]:
        notes = []
        if self.nameless:
            text = ngettext(
                "Once it was somebody who does not allow to be followed: counted, but not among the people.",
                "%(count)s times it was somebody who does not allow to be followed: counted, but not among the people.",
                self.nameless,
            )
            notes.append(text % {"count": _n(self.nameless)})
        if self.is_about:
            notes.append(
                _(
                    "So much happened in these days that people are not counted one by one: their numbers are right to about "
                    "3 percent, and not known by where they came from. With fewer days they are exact."
                )
            )
        if gone := self.lines.get("gone"):
            text = _(
                "Until %(day)s some visits are kept as counts of days only: people are counted anew each day, and where they "
                "came from and what they did next is not known."
            )
            notes.append(text % {"day": date_format(date.fromisoformat(gone[0].name))})
        return notes


def _places(seen: _Seen, form: Form, days: Span) -> Table:
    """The pages it was sent from, with their views in the same days."""
    lines = seen.lines.get("url", [])
    own = {page.slug: page.pk for page in LandingPage.objects.filter(form=form)}
    keys = [_subject_of(line.name, own) for line in lines]
    found = subjects.find(key for key in keys if key)
    ids = [found.get(key) if key else None for key in keys]
    kinds = [Kind.PAGE_VISITED, Kind.LANDING_PAGE_VISITED]
    views = daysums.by_subject([pk for pk in ids if pk], kinds, days)
    rows = []
    for line, pk in zip(lines, ids, strict=True):
        seen_by = views.get(pk or 0, Count())
        share = percent(min(line.people / seen_by.people, 1)) if seen_by.people and line.people >= 0 else "–"
        people = _line(seen_by)[1]
        rows.append((line.name, seen_by.times, people, line.times, "–" if seen.is_about else line.people, share))
    columns = [_("Page"), _("Views"), _("People who saw it"), _("Submissions"), _("People who sent it"), _("Share")]
    return Table(_("By page"), columns, rows, _("Nobody sent it in these days."))


def _subject_of(url: str, own: dict[str, int]) -> tuple[str, str] | None:
    """What visits of this address are about."""
    head, _p, slug = url.rpartition("/p/")
    if head and slug in own:
        return Subject.Type.LANDING_PAGE, str(own[slug])
    host, path = pages.normalise(url)
    return (Subject.Type.PAGE, subjects.key(host + path)) if host else None


def _where_from(asset: Asset, days: Span) -> Table:
    """The forms that lead to it, with their submissions: a download itself does not say where its visitor came from."""
    forms = list(Form.objects.filter(gated_assets=asset) | Form.objects.filter(asset=asset))
    found = subjects.find((Subject.Type.FORM, str(form.pk)) for form in forms)
    counts = daysums.by_subject(list(found.values()), [Kind.FORM_SUBMITTED], days)
    rows = []
    for form in forms:
        count = counts.get(found.get((Subject.Type.FORM, str(form.pk)), 0))
        rows.append((form.name, *_line(count)[:2]))
    return Table(
        _("Forms that lead to it"), [_("Form"), _("Submissions"), _("People")], rows, _("No form leads to it.")
    )


def _converted(seen: _Seen, page: LandingPage, days: Span) -> Tally:
    """Visitors who sent the form after they had come. Of a crowd: who sent it from the page."""
    form = subjects.find([(Subject.Type.FORM, str(page.form_id))]).get((Subject.Type.FORM, str(page.form_id)), 0)
    if seen.is_about:
        sent = statistics_sql.sent_from(form, f"/p/{page.slug}", Kind.FORM_SUBMITTED, days.since, days.until)
        return Tally(seen.people, min(seen.people, sent))
    kinds = Kind.LANDING_PAGE_VISITED, Kind.FORM_SUBMITTED
    return Tally(*statistics_sql.converted(seen.subject or 0, form, *kinds, days.since, days.until))


def _of_people(label: str, count: Count, sent_to: int) -> Figure:
    share = f" ({percent(count.people / sent_to)})" if 0 < count.people <= sent_to else ""
    note = _("%(times)s times; %(machines)s times by machines")
    values = {"times": _n(count.times), "machines": _n(count.machines)}
    return Figure(label, crowd(count.people, count.is_about) + share, note % values)


def _rate(tally: Tally, label: str, *, is_about: bool = False) -> list[Figure]:
    if not tally.visitors:
        return [Figure(label, "–", _("no visitor who may be followed"))]
    low, high = odds.wilson(tally)
    note = _("%(sent)s of %(visitors)s visitors who may be followed; with luck taken out between %(low)s and %(high)s")
    values = {
        "sent": _n(tally.converted),
        "visitors": crowd(tally.visitors, is_about),
        "low": percent(low),
        "high": percent(high),
    }
    return [Figure(label, percent(tally.converted / tally.visitors), note % values)]


def percent(share: float, decimals: int = 1) -> str:
    return _("%(number)s%%") % {"number": number_format(f"{100 * share:.{decimals}f}", use_l10n=True)}


def _line(count: Count | None) -> tuple[int, int | str, int]:
    count = count or Count()
    return count.times, crowd(count.people, True) if count.is_about else count.people, count.machines


def crowd(people: int, is_about: bool) -> str:
    """A number of people in words: where it is known about, in two digits that mean something."""
    if not is_about or people < 100:
        return _n(people)
    return _("about %(count)s") % {"count": _n(round(people, 2 - len(str(people))))}


def _n(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
