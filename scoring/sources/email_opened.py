"""An email was opened, by those who allow us to know."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class EmailOpened(ChosenSubjects):
    key = "email_opened"
    label = _("Opens an email")
    told = _("You opened one of our emails")
    choose = _("Which emails")
    any_label = _("any email")
    kind = Kind.EMAIL_OPENED
    subject_type = Subject.Type.EMAIL
