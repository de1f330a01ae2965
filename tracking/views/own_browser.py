"""Is this browser tracked? A page that says so, with a button to change it: for our own people, and whoever else asks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from tracking import browsers
from tracking.views import answers
from tracking.views.answers import public


@public("GET", "HEAD", "POST")
def own_browser(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        response = HttpResponseRedirect(request.path)
        if request.headers.get("Sec-Fetch-Site") != "cross-site":  # no other site decides this for a visitor
            browsers.ignore(response, request, yes=request.POST.get("tracked") != "yes")
        return response
    context = {"title": _("This browser"), "ignored": browsers.is_ignored(request)}
    return answers.page(request, "tracking/own_browser.html", context)
