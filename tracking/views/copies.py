"""The page behind the link to a copy of one's data: a button, because programs that check mails open every link."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from contacts.privacy import answer, links
from tracking.views import answers
from tracking.views.answers import public
from tracking.views.drawing import speaking


@public("GET", "HEAD", "POST")
def copy(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET offers the copy, POST hands it out. A link that is not ours or has expired leads nowhere."""
    contact = links.find(token)
    if contact is None:
        return answers.not_found(request)
    with speaking(contact.language):
        if request.method == "POST":
            return answer.zipped(contact)
        return answers.page(request, "tracking/copy.html", {"title": _("Your data"), "days": links.DAYS})
