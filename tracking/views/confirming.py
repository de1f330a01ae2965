"""The page behind the link of a confirmation mail: a button, because programs that check mails open every link."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tracking import browsers, double_opt_in
from tracking.doorbell import ring
from tracking.models import Confirmation
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import speaking


@public("GET", "HEAD", "POST")
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what is confirmed and a button; POST confirms, once."""
    row = double_opt_in.find(token)
    if row is None:
        return answers.not_found(request)
    with speaking(row.language or row.contact.language):
        if request.method == "POST" and double_opt_in.confirm(row, browsers.shortened_ip(request)):
            row.refresh_from_db(fields=["confirmed_at"])
            ring()
        context = {"title": _title(row), "row": row, "texts": list(row.consents.values())}
        return answers.page(request, "tracking/confirm.html", context, status=410 if row.is_expired else 200)


def _title(row: Confirmation) -> str:
    if row.confirmed_at:
        return _("Thank you, that is confirmed")
    return _("This link has expired") if row.is_expired else _("Please confirm")
