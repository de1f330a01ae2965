"""Webinars: registered, attended, missed."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


class WebinarSource(ChosenSubjects):
    choose = _("Which webinars")
    any_label = _("any webinar")
    subject_type = Subject.Type.WEBINAR


@point_sources.register
class WebinarRegistered(WebinarSource):
    key = "webinar_registered"
    label = _("Registers for a webinar")
    told = _("You registered for one of our webinars")
    kind = Kind.WEBINAR_REGISTERED


@point_sources.register
class WebinarAttended(WebinarSource):
    key = "webinar_attended"
    label = _("Attends a webinar")
    told = _("You came to one of our webinars")
    kind = Kind.WEBINAR_ATTENDED


@point_sources.register
class WebinarMissed(WebinarSource):
    key = "webinar_missed"
    label = _("Misses a webinar")
    told = _("You missed a webinar you had registered for")
    kind = Kind.WEBINAR_MISSED
