"""The public addresses of campaigns. They stand in mails that were sent: never change one."""

from django.urls import path

from campaigns import preference_page, sms_inbound, views

app_name = "campaigns"
urlpatterns = [
    path("u/<slug:token>", views.unsubscribe, name="unsubscribe"),
    path("u/<slug:token>/choices", preference_page.preferences, name="preferences"),
    path("api/v1/sms/inbound", sms_inbound.inbound, name="sms_inbound"),
]
