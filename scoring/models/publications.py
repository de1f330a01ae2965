"""Changes of the rules: drafts and publications, and the walks over contacts they owe."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.remarks import Remark, RemarkField
from scoring.models.actions import PointActionVersion
from scoring.models.groups import PointGroup


class Publication(models.Model):
    """Edits of point actions, groups and triggers that come into force together, and can be rolled back together."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        ROLLED_BACK = "rolled_back", _("Rolled back")
        DISCARDED = "discarded", _("Discarded")

    class Scope(models.TextChoices):
        FROM_NOW = "from_now", _("From now on")
        PAST = "past", _("Also for the past")

    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.DRAFT)
    scope = models.CharField(_("applies"), max_length=10, choices=Scope.choices, default=Scope.FROM_NOW)
    note = RemarkField(_("note"), blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    created_at = models.DateTimeField(_("begun"), default=timezone.now)
    published_at = models.DateTimeField(_("published"), null=True)
    # The preview: asked for, and how far it has come (scoring.previews.step).
    forecast_asked_at = models.DateTimeField(null=True, editable=False)
    forecast_done_at = models.DateTimeField(null=True, editable=False)
    forecast_next_id = models.BigIntegerField(default=0, editable=False)
    forecast_seen = models.PositiveIntegerField(default=0, editable=False)
    forecast_total = models.PositiveIntegerField(null=True, editable=False)
    # The publication that put back what this one had changed.
    rolled_back_by = models.OneToOneField("self", models.SET_NULL, null=True, related_name="rolls_back")

    class Meta:
        ordering = ["-id"]
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        permissions = [("publish_publication", "Can publish the draft and roll publications back")]
        constraints = [models.UniqueConstraint(fields=["state"], condition=Q(state="draft"), name="one_draft")]

    called = ""  # what the way to its page calls it, where its name was looked up

    def __str__(self) -> str:
        if self.state == self.State.DRAFT:
            return str(self.State.DRAFT.label)
        return self.note or Remark(_("publication %(number)s"), number=self.pk)


class Edit(models.Model):
    """One thing a publication changes: `type` is a key of `publications.publishables`, `ref_id` the row it is about.

    `before` and `after` are what that type says about the row, so that the change can be shown and undone.
    """

    publication = models.ForeignKey(Publication, models.CASCADE, related_name="edits")
    type = models.CharField(max_length=30)
    ref_id = models.BigIntegerField()
    name = models.CharField(_("name"), max_length=200)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    is_new = models.BooleanField(default=False)  # the row was made for this draft
    # The version a point action's draft would put into force: it counts nothing until then.
    version = models.ForeignKey(PointActionVersion, models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["id"]
        verbose_name = _("edit")
        verbose_name_plural = _("edits")
        constraints = [
            models.UniqueConstraint(fields=["publication", "type", "ref_id"], name="one_edit_per_publication_and_row")
        ]


class Sweep(models.Model):
    """A walk over contacts that is owed because rules, weights or a day changed; done in ranges, resumable.

    Scores it moves across a threshold are held, unless a new day is all that happened: re-scoring never acts on a crowd by
    surprise. `plan` says what it does to each contact (scoring.sweeps.Plan).
    """

    reason = RemarkField(_("reason"))
    publication = models.ForeignKey(Publication, models.SET_NULL, null=True, related_name="sweeps")
    plan = models.JSONField(default=dict)
    # Owed by nothing but the turn of this day: then what it crosses acts, as what happens does.
    day = models.DateField(null=True, unique=True, editable=False)
    seen = models.PositiveIntegerField(_("contacts seen"), default=0)
    total = models.PositiveIntegerField(_("contacts in all"), null=True)  # once they have been counted
    created_at = models.DateTimeField(_("asked for"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("re-scoring")
        verbose_name_plural = _("re-scorings")

    def __str__(self) -> str:
        return self.reason


class SweepContact(models.Model):
    """A contact whom a sweep of changed rules concerns: has events or lines of theirs. Deleted as they are seen to."""

    sweep = models.ForeignKey(Sweep, models.CASCADE, db_index=False, db_constraint=False, related_name="contacts")
    contact = models.ForeignKey(Contact, models.DO_NOTHING, db_constraint=False, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sweep", "contact"], name="one_contact_per_sweep")]


class SweepRange(models.Model):
    """Contacts with ids from `next_id` to below `end_id`, whom a sweep that has begun has still to see.

    A worker holds the row while it sees to some of them. Deleted when there are none.
    """

    sweep = models.ForeignKey(Sweep, models.CASCADE, db_index=False, related_name="ranges")
    next_id = models.BigIntegerField()
    end_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sweep", "end_id"], name="one_range_per_sweep_and_end")]


class Forecast(models.Model):
    """What publishing the draft would do to one contact's score: the preview, kept row by row."""

    publication = models.ForeignKey(Publication, models.CASCADE, related_name="forecasts")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="+")
    group = models.ForeignKey(PointGroup, models.CASCADE, null=True, related_name="+")
    before = models.DecimalField(max_digits=20, decimal_places=2)
    after = models.DecimalField(max_digits=20, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "contact", "group"], nulls_distinct=False, name="one_forecast_per_score"
            )
        ]
