"""Every address of the product, app by app."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import health
from scoring.admin import doctor
from tracking.views import answers

handler400 = "config.refusals.bad_request"
handler403 = "config.refusals.forbidden"
handler404 = "config.refusals.not_found"
handler500 = "config.refusals.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/scoring/doctor/", admin.site.admin_view(doctor.page), name="rule_doctor"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("favicon.ico", answers.no_icon),
    path("healthz/live", health.live),
    path("healthz/ready", health.ready),
    path("", include("tracking.urls")),
    path("", include("campaigns.urls")),
]
