"""The public addresses: short, because they stand in mails and SMS. They are part of what was sent: never change one."""

from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from tracking.views import (
    answers,
    api,
    api_consents,
    assets,
    banner,
    beacon,
    choice,
    confirming,
    copies,
    forms,
    hidden,
    own_browser,
    pages,
    signals,
)

app_name = "tracking"
urlpatterns: list[URLPattern | URLResolver] = [
    path("t/o/<slug:token>.gif", signals.opened, name="open"),
    path("t/c/<slug:token>", signals.clicked, name="click"),
    path("t/p.gif", signals.site_pixel, name="site_pixel"),
    path("t/b", beacon.beacon, name="beacon"),
    path("t/own", own_browser.own_browser, name="own_browser"),
    path("t/bareme.js", beacon.script, name="script"),
    path("t/banner.js", banner.banner, name="banner"),
    path("t/hidden", hidden.hidden, name="hidden"),
    path("f/confirm/<slug:token>", confirming.confirm, name="confirm"),
    path("f/copy/<str:token>", copies.copy, name="copy"),
    path("f/<slug:public_id>", forms.form_page, name="form"),
    path("f/<slug:public_id>.js", forms.form_script, name="form_script"),
    path("p/image/<slug:public_id>", pages.page_image, name="page_image"),
    path("p/theme/<slug:name>.css", pages.page_theme, name="page_theme"),
    path("p/<slug:slug>/choice", choice.choice, name="choice"),
    path("p/<slug:slug>", pages.landing_page, name="landing_page"),
    path("a/<slug:public_id>", assets.asset, name="asset"),
    path("api/v1/events", api.events, name="api_events"),
    path("api/v1/contacts", api.contacts, name="api_contacts"),
    path("api/v1/consents", api_consents.consents, name="api_consents"),
    # Whatever else somebody tries under these prefixes gets the friendly page, in their language.
    re_path(r"^[tfpa]/", csrf_exempt(answers.not_found)),
]
