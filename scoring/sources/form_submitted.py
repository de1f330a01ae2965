"""A form was submitted."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class FormSubmitted(ChosenSubjects):
    key = "form_submitted"
    label = _("Submits a form")
    told = _("You sent us a form")
    choose = _("Which forms")
    any_label = _("any form")
    kind = Kind.FORM_SUBMITTED
    subject_type = Subject.Type.FORM
