"""Two contacts that are one person: what may be, what was merged, and whether without asking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.contacts import Contact
from contacts.remarks import RemarkField


class Merge(models.Model):
    """Two contacts were found to be one: `loser` became `winner`. Keeps exactly what moved, so that it can be undone.

    `fields`: what the winner's own data were and became, by name. `moved`: what each part moved (contacts.merging).
    """

    class Origin(models.TextChoices):
        MANUAL = "manual", _("By hand")
        AUTOMATIC = "automatic", _("Automatic")

    winner = models.ForeignKey(Contact, models.CASCADE, related_name="merges", verbose_name=_("kept"))
    loser = models.ForeignKey(Contact, models.CASCADE, related_name="merges_away", verbose_name=_("merged away"))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin.choices, default=Origin.MANUAL)
    note = RemarkField(_("because"), blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    fields = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("undone by")
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["loser"], condition=models.Q(undone_at__isnull=True), name="one_merge_in_force_per_loser"
            )
        ]

    def __str__(self) -> str:
        return f"{self.loser} → {self.winner}"


class Duplicate(models.Model):
    """Two contacts who may be one person, and why. What was dismissed is not proposed again."""

    first = models.ForeignKey(Contact, models.CASCADE, related_name="+", verbose_name=_("contact"))
    second = models.ForeignKey(Contact, models.CASCADE, related_name="+", verbose_name=_("and"))
    reasons = models.JSONField(default=list)  # keys of contacts.duplicates.finders
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    dismissed_at = models.DateTimeField(_("dismissed"), null=True)
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        verbose_name = _("duplicate")
        verbose_name_plural = _("duplicates")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="one_duplicate_per_pair"),
            models.CheckConstraint(
                condition=models.Q(first__lt=models.F("second")), name="the_older_contact_of_a_pair_comes_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} · {self.second}"


class MergePolicy(models.Model):
    """One row: may contacts be merged without asking where it is proved that they are one?"""

    is_automatic = models.BooleanField(
        _("merge automatically"),
        default=True,
        help_text=_(
            "Where one browser has given two addresses, followed a mail to each, and their names are the same."
        ),
    )

    class Meta:
        verbose_name = _("merge policy")
        verbose_name_plural = _("merge policy")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def allows(cls) -> bool:
        found = cls.objects.first()
        return found.is_automatic if found else True
