"""An event another system sent by API, or the site by script."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class CustomEvent(ChosenSubjects):
    key = "custom_event"
    label = _("Does something else (custom event)")
    choose = _("Which events")
    any_label = _("any event")
    kind = Kind.CUSTOM
    subject_type = Subject.Type.CUSTOM
