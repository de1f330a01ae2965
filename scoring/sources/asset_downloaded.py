"""A resource was downloaded."""

from django.utils.translation import gettext_lazy as _

from scoring.sources.base import ChosenSubjects, point_sources
from tracking.models import Kind, Subject


@point_sources.register
class AssetDownloaded(ChosenSubjects):
    key = "asset_downloaded"
    label = _("Downloads an asset")
    told = _("You downloaded one of our documents")
    choose = _("Which assets")
    any_label = _("any asset")
    kind = Kind.ASSET_DOWNLOADED
    subject_type = Subject.Type.ASSET
