"""What a landing page, a form or an asset came to."""

from __future__ import annotations

from django.utils.translation import gettext as _

from contacts.wording import whole
from tracking import daysums, pages, statistics_sql, subjects
from tracking.daysums import Count
from tracking.models import Asset, Form, HeldSubmission, Kind, LandingPage, Subject
from tracking.odds import Tally
from tracking.statistics.report import Figure, Report, Span, Table, columns_of, percent, rate
from tracking.statistics.seen import Seen


def of_landing_page(page: LandingPage, days: Span) -> Report:
    seen = Seen(Subject.Type.LANDING_PAGE, page.pk, Kind.LANDING_PAGE_VISITED, days)
    figures = [Figure(_("Visits"), whole(seen.times)), Figure(_("People"), seen.crowd)]
    if page.form_id and seen.subject:
        figures += rate(_converted(seen, page, days), _("Sent the form"), is_about=seen.is_about)
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
    seen = Seen(Subject.Type.FORM, form.pk, Kind.FORM_SUBMITTED, days)
    held = HeldSubmission.objects.filter(form=form, at__gte=days.since, at__lt=days.until).count()
    figures = [
        Figure(_("Submissions"), whole(seen.times)),
        Figure(_("People"), seen.crowd),
        Figure(_("Held as spam"), whole(held)),
    ]
    if seen.subject and (begun := daysums.together([seen.subject], Kind.FORM_STARTED, days)).times:
        figures.append(_begun(begun))
        if not begun.is_about:
            figures += rate(_completed(seen.subject, days), _("Sent it once begun"))
    seen_only = _(
        "Views are those of landing pages and of pages with our script: a form on any other page is not seen before it is "
        "sent."
    )
    tables, notes = [_places(seen, form, days)], [*seen.notes(), seen_only]
    return Report(days, figures, seen.by_day(), _("Submissions by day"), tables, notes)


def _begun(count: Count) -> Figure:
    """Of those who may be followed: on other pages nobody tells."""
    return Figure(_("Begun"), whole(count.times), _("by visitors who may be followed, with our script"))


def _completed(form: int, days: Span) -> Tally:
    """Visitors who began to fill it in, and those who then sent it."""
    kinds = Kind.FORM_STARTED, Kind.FORM_SUBMITTED
    return Tally(*statistics_sql.converted(form, form, *kinds, days.since, days.until))


def of_asset(asset: Asset, days: Span) -> Report:
    seen = Seen(Subject.Type.ASSET, asset.pk, Kind.ASSET_DOWNLOADED, days)
    figures = [Figure(_("Downloads"), whole(seen.times)), Figure(_("People"), seen.crowd), *seen.machines()]
    return Report(days, figures, seen.by_day(), _("Downloads by day"), [_where_from(asset, days)], seen.notes())


def _places(seen: Seen, form: Form, days: Span) -> Table:
    """The pages it was sent from, with their views in the same days, where views are counted: not on a form's own page."""
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
        known = columns_of(seen_by)[:2] if seen_by.times else ("–", "–")  # it was sent from there, so none is not true
        rows.append((line.name, *known, line.times, "–" if seen.is_about else line.people, share))
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
        rows.append((form.name, *columns_of(count)[:2]))
    return Table(
        _("Forms that lead to it"), [_("Form"), _("Submissions"), _("People")], rows, _("No form leads to it.")
    )


def _converted(seen: Seen, page: LandingPage, days: Span) -> Tally:
    """Visitors who sent the form after they had come. Of a crowd: who sent it from the page."""
    form = subjects.find([(Subject.Type.FORM, str(page.form_id))]).get((Subject.Type.FORM, str(page.form_id)), 0)
    if seen.is_about:
        sent = statistics_sql.sent_from(form, f"/p/{page.slug}", Kind.FORM_SUBMITTED, days.since, days.until)
        return Tally(seen.people, min(seen.people, sent))
    kinds = Kind.LANDING_PAGE_VISITED, Kind.FORM_SUBMITTED
    return Tally(*statistics_sql.converted(seen.subject or 0, form, *kinds, days.since, days.until))
