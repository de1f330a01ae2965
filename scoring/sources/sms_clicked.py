"""A link in an SMS was clicked."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import point_sources
from scoring.sources.clicks import ClickSource
from tracking.models import Kind, Subject


@point_sources.register
class SmsClicked(ClickSource):
    key = "sms_clicked"
    label = _("Clicks a link in an SMS")
    told = _("You followed a link in one of our text messages")
    which = _("In which SMS")
    kind = Kind.SMS_CLICKED
    message_type = Subject.Type.SMS
