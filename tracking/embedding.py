"""The snippets a marketer copies: a form in a page of theirs, and the script on their site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from tracking import addresses, kiosk
from tracking.models import Form
from tracking.views.drawing import plain_html


@dataclass(frozen=True)
class Snippet:
    key: str
    title: str
    text: str
    code: Any


def of_form(form: Form) -> list[Snippet]:
    """Ways to show a form, the most comfortable first."""
    url = addresses.form(form)
    return [
        Snippet(
            "script",
            _("Script"),
            _(
                "Draws the form where this stands, in the style of your page, and sends it without leaving it. "
                "Where scripts are blocked, the link leads to the form."
            ),
            format_html(
                '<a href="{}" data-bareme-form>{}</a>\n<script src="{}"></script>',
                url,
                form.title or form.name,
                addresses.form_script(form),
            ),
        ),
        Snippet(
            "iframe",
            _("Frame"),
            _(
                "For page builders that allow no scripts. With the site script on the page, its height adapts by itself."
            ),
            format_html(
                '<iframe src="{}?embed=1" title="{}" width="100%" height="{}" frameborder="0"></iframe>',
                url,
                form.title or form.name,
                _height(form),
            ),
        ),
        Snippet(
            "html",
            _("Plain HTML"),
            _(
                "The form itself, to restyle as you like. Copy it again when you change its fields. As it has no script, "
                "it shows also what depends on other answers, and asks also what is known."
            ),
            plain_html(form),
        ),
        Snippet("link", _("Link"), _("The form on a page of its own, for a mail or a social network."), url),
        Snippet(
            "kiosk",
            _("Kiosk"),
            _(
                "For staff who fill it in for others, on a tablet at a fair: nobody is recognised, and it empties itself."
            ),
            kiosk.url(form),
        ),
    ]


def of_site() -> list[Snippet]:
    """The script of the marketer's own site, and what it understands."""
    return [
        Snippet(
            "script",
            _("The script"),
            _(
                "Put this line on every page of your site, before </head>. It counts page views, also in single-page sites."
            ),
            format_html('<script src="{}" async></script>', addresses.script()),
        ),
        Snippet(
            "banner",
            _("The consent banner"),
            _(
                "Only if you have no banner of your own. It asks in the language of the page, in the words of your consent "
                "texts; visitors open it again with anything that has the attribute data-bareme-consent. Its look follows "
                "CSS variables such as --bareme-banner-accent."
            ),
            format_html(
                '<script src="{}" data-privacy="/privacy" async></script>\n<a href="#" data-bareme-consent>Cookies</a>',
                addresses.banner(),
            ),
        ),
        Snippet(
            "calls",
            _("Consent, events and identification"),
            _("The first line lets you call it before it has loaded. Put these calls into scripts of your own."),
            CALLS,
        ),
        Snippet(
            "noscript",
            _("Without a script"),
            _("A pixel for pages that cannot run scripts; the page is named by its address."),
            format_html(
                '<img src="{}?u=https%3A%2F%2Fwww.example.com%2Fpage" alt="" width="1" height="1">',
                addresses.site_pixel(),
            ),
        ),
        Snippet(
            "policy",
            _("Content-Security-Policy"),
            _("If your site sends such a header, allow our address in it. Nothing inline, no eval."),
            f"script-src {addresses.public('')}; connect-src {addresses.public('')}; img-src {addresses.public('')}; "
            f"frame-src {addresses.public('')}; form-action {addresses.public('')}",
        ),
    ]


CALLS = """\
window.bareme = window.bareme || function () { (bareme.q = bareme.q || []).push(arguments) };

bareme('consent', 'granted');   // or 'denied': your banner's answer
bareme('consent', function (state) { console.log(state.required, state.answer) });  // now, and when it changes
bareme('ask');                  // show our banner (again)
bareme('identify', {email: 'ada@example.com', first_name: 'Ada'});
bareme('event', 'Trial started', {plan: 'pro', seats: 5});
bareme('page');                 // a page view of your own making"""


def _height(form: Form) -> int:
    """A guess that shows the whole form without a scroll bar on a wide page."""
    return 190 + 92 * form.fields.exclude(type="hidden").count()
