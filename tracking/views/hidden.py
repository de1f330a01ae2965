"""Where the hidden link of mails leads: a page for whoever wonders."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tracking.views import answers
from tracking.views.answers import public


@public("GET", "HEAD")
def hidden(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("There is nothing to see here"),
        "text": _("This link is hidden in emails. Programs that check emails follow it, people do not see it."),
    }
    response = answers.page(request, "tracking/message.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response
