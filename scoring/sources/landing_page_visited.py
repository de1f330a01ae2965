"""One of our landing pages was visited."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class LandingPageVisited(ChosenSubjects):
    key = "landing_page_visited"
    label = _("Visits a landing page")
    told = _("You looked at one of our offers")
    choose = _("Which landing pages")
    any_label = _("any landing page")
    kind = Kind.LANDING_PAGE_VISITED
    subject_type = Subject.Type.LANDING_PAGE
