"""A link in an email was clicked."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import point_sources
from scoring.sources.clicks import ClickSource
from tracking.models import Kind, Subject


@point_sources.register
class EmailClicked(ClickSource):
    key = "email_clicked"
    label = _("Clicks a link in an email")
    told = _("You followed a link in one of our emails")
    which = _("In which emails")
    kind = Kind.EMAIL_CLICKED
    message_type = Subject.Type.EMAIL
