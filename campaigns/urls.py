"""The public addresses of campaigns. They stand in mails that were sent: never change one."""

from django.urls import path

from campaigns import views

app_name = "campaigns"
urlpatterns = [path("u/<slug:token>", views.unsubscribe, name="unsubscribe")]
