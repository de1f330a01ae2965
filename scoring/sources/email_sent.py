"""An email was sent to the contact."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class EmailSent(ChosenSubjects):
    key = "email_sent"
    label = _("Is sent an email")
    told = _("We sent you an email")
    choose = _("Which emails")
    any_label = _("any email")
    kind = Kind.EMAIL_SENT
    subject_type = Subject.Type.EMAIL
