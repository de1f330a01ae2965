"""Forms: a page of their own (also in a frame), the embed script, and the post that all of them share."""

from __future__ import annotations

from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _

from tracking import banner, browsers, kiosk, nonces, posting, taking
from tracking.models import Form
from tracking.posting import Posted
from tracking.views import answers
from tracking.views.answers import open_to_all, public
from tracking.views.beacon import squeezed
from tracking.views.drawing import Thanks, drawn, fragment, speaking, thanks

# The link before the tag would lead to a page that says the same.
NO_FORM = """\
console.warn('Bareme: there is no such form (any more)');
(function (me) {
  var link = me && me.previousElementSibling;
  if (link && link.hasAttribute('data-bareme-form')) link.remove();
})(document.currentScript);
"""


@open_to_all
@public("GET", "HEAD", "POST")
def form_page(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The form on a page of its own; `?embed=1` draws it for a frame."""
    form = taking.of(request).form(public_id)
    if form is None:
        return answers.not_found(request)
    with speaking(form.language):
        if request.method == "POST":
            return _post(request, form)
        if "visitor" in request.GET and answers.wants_json(request):
            return _for_visitor(request, form)
        if sent := nonces.read_sent(form, request.GET.get("sent", "")):
            return _page(request, form, thanks=thanks(request, form, sent))
        return _page(request, form)


@open_to_all
@public("GET", "HEAD")
def form_script(request: HttpRequest, public_id: str) -> HttpResponse:
    """The script that draws the form where its script tag stands. Never cached: each drawing has a nonce of its own."""
    form = taking.of(request).form(public_id)
    if form is None:
        return answers.script(NO_FORM, max_age=0)
    with speaking(form.language):
        path = reverse("tracking:form", args=[form.public_id])
        config: dict[str, object] = {"form": fragment(form, path), "path": path, "css": squeezed("form.css")}
    more = {"formwork.js": form.proof_of_work, "kiosk.js": form.is_kiosk}
    parts = ["form.js", *(name for name, is_wanted in more.items() if is_wanted)]
    config |= {"known": form.leave_out_known and not form.is_kiosk, "work": form.proof_of_work, "kiosk": form.is_kiosk}
    text = squeezed("embed.js").replace("__PARTS__", "\n".join(map(squeezed, parts)))
    return answers.script(text.replace("__CONFIG__", in_script(config)), max_age=0)


def _for_visitor(request: HttpRequest, form: Form) -> JsonResponse:
    """The form for a visitor whose id a script knows: what we know of them is not asked again, and never shown."""
    visitor = browsers.as_uuid(request.GET["visitor"])
    response = JsonResponse({"form": fragment(form, reverse("tracking:form", args=[form.public_id]), visitor)})
    response["Cache-Control"] = "no-store"
    return response


def in_script(value: object) -> str:
    """JSON that stays what it is inside a script, whatever a marketer wrote into a label."""
    text = orjson.dumps(value).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _post(request: HttpRequest, form: Form) -> HttpResponseBase:
    posted = posting.receive(request, form)
    if answers.wants_json(request):
        return _as_json(request, form, posted)
    if not posted.accepted:
        return _page(request, form, posted=posted, status=422)
    embed = "embed" in request.GET
    return accepted(request, form, posted, back=request.path, embed=embed)


def accepted(
    request: HttpRequest, form: Form, posted: Posted, *, back: str, embed: bool = False, leads_on: bool = True
) -> HttpResponse:
    """Send the visitor on: to the page the form names, or back to where the thanks are shown."""
    outcome = thanks(request, form, posted.sent)
    if outcome.redirect_url and leads_on and not (embed or outcome.confirm or kiosk.is_on(request, form)):
        response = _onward(request, outcome)
    else:
        query = {"sent": nonces.sent(form, posted.sent), **({"embed": "1"} if embed else {})}
        if token := kiosk.signed(request, form):
            query[kiosk.PARAMETER] = token
        response = HttpResponseRedirect(f"{back}?{urlencode(query)}")
        response.status_code = 303
        response["Cache-Control"] = "no-store"
    agreed = posted.agreed_to_web_tracking
    if (agreed or browsers.may_follow(request)) and not embed and not kiosk.forgets(request, form):
        browsers.remember(response, request, posted.visitor_id)
        if agreed:
            browsers.keep_answer(response, request, banner.GRANTED)
    return response


def _onward(request: HttpRequest, outcome: Thanks) -> HttpResponse:
    """By an answer and no redirect: after a post, browsers hold each redirect to the `form-action` of the page it began on.

    That page may be another site's, and nobody knows where the page that the form names leads on to.
    """
    response = answers.page(
        request, "tracking/form/page.html", {"title": outcome.title, "thanks": outcome}, embeddable=True
    )
    response["Refresh"] = f"0; url={iri_to_uri(outcome.redirect_url)}"
    return response


def _as_json(request: HttpRequest, form: Form, posted: Posted) -> HttpResponse:
    if posted.accepted:
        outcome = thanks(request, form, posted.sent)
        again = {"again": kiosk.SECONDS, "redirect_url": ""} if kiosk.is_on(request, form) else {}
        agreed = () if kiosk.forgets(request, form) else posted.agreed
        said = orjson.dumps({**outcome.__dict__, "agreed": agreed, **again})  # a third of the time of a JsonResponse
        return HttpResponse(said, content_type="application/json")
    errors = {name: list(sentences) for name, sentences in posted.answers.errors.items()}
    renewed = {"nonce": nonces.nonce(form, posted.answers.left_out)} if posted.error else {}
    return JsonResponse({"error": posted.error, "errors": {} if posted.error else errors, **renewed}, status=422)


def _page(
    request: HttpRequest, form: Form, *, posted: Posted | None = None, thanks: Thanks | None = None, status: int = 200
) -> HttpResponse:
    embed = "embed" in request.GET
    query = {"embed": "1"} if embed else {}
    if token := kiosk.signed(request, form):
        query[kiosk.PARAMETER] = token
    action = f"{request.path}?{urlencode(query)}" if query else request.path
    page_url = request.headers.get("Referer", "") if embed else request.build_absolute_uri()
    if posted:
        page_url = request.POST.get("bareme_page", "")
    context = {
        "title": form.title or _("Form"),
        "drawn": None if thanks else drawn(form, action=action, posted=posted, page_url=page_url, request=request),
        "thanks": thanks,
        "embed": embed,
    }
    response = answers.page(request, "tracking/form/page.html", context, status=status, embeddable=True)
    if thanks and kiosk.is_on(request, form):
        kiosk.begin_again(response, action)
    return response
