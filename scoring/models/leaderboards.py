"""Leaderboards: questions on a page."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from scoring.models.groups import PointGroup


class Leaderboard(models.Model):
    """A question on a page: who is first in this group, among these contacts?"""

    name = models.CharField(_("name"), max_length=150)
    question = models.CharField(_("question"), max_length=300, blank=True)
    group = models.ForeignKey(
        PointGroup, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("score")
    )
    conditions = models.JSONField(_("who"), default=dict, blank=True)
    size = models.PositiveSmallIntegerField(_("how many"), default=20)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("leaderboard")
        verbose_name_plural = _("leaderboards")

    def __str__(self) -> str:
        return self.name
