"""What verdicts are made from: the programs and networks that hits came from, and what a marketer says of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.indexes import GistIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact


class Agent(models.Model):
    """A program, by the name it gives itself; looked up in the lists once, when it is first seen."""

    text = models.CharField(_("browser or program"), max_length=500, unique=True)
    reasons = models.IntegerField(default=0)  # verdicts.reasons.Reason
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)

    class Meta:
        verbose_name = _("browser or program")
        verbose_name_plural = _("browsers and programs")

    def __str__(self) -> str:
        return self.text


class Network(models.Model):
    """The neighbourhood an address was shortened to (/24, for IPv6 /48), by its first address."""

    address = models.GenericIPAddressField(_("network"), unique=True)
    reasons = models.IntegerField(default=0)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)

    class Meta:
        verbose_name = _("network")
        verbose_name_plural = _("networks")
        indexes = [GistIndex(OpClass(F("address"), name="inet_ops"), name="network_by_range")]

    def __str__(self) -> str:
        return f"{self.address}/{48 if ':' in self.address else 24}"


class Mark(models.Model):
    """A person's word that a network, a program or a contact is a machine, or is none. It outranks what we found.

    Of several, that of the contact counts, then that of the narrowest network, then that of the program.
    """

    class Scope(models.TextChoices):
        FROM_NOW = "from_now", _("From now on")
        PAST = "past", _("Also for the past")

    is_machine = models.BooleanField(_("verdict"), choices=[(True, _("A machine")), (False, _("People"))], default=True)
    network = models.CharField(
        _("network"),
        max_length=50,
        blank=True,
        help_text=_("Such as 203.0.113.0/24. The smallest is /24, for IPv6 /48."),
    )
    agent = models.ForeignKey(
        Agent, models.PROTECT, null=True, blank=True, related_name="marks", verbose_name=_("browser or program")
    )
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, blank=True, related_name="marks", verbose_name=_("contact")
    )
    scope = models.CharField(_("applies"), max_length=10, choices=Scope.choices, default=Scope.PAST)
    note = models.CharField(_("note"), max_length=300, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("author")
    )
    since = models.DateTimeField(_("since"), null=True, editable=False)  # null: ever
    created_at = models.DateTimeField(_("marked"), default=timezone.now, editable=False)
    undone_at = models.DateTimeField(_("taken back"), null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("mark")
        verbose_name_plural = _("machines")
        constraints = [
            models.CheckConstraint(
                name="marks_one_thing",
                condition=(
                    Q(contact__isnull=False, agent__isnull=True, network="")
                    | Q(contact__isnull=True, agent__isnull=False, network="")
                    | (Q(contact__isnull=True, agent__isnull=True) & ~Q(network=""))
                ),
            ),
            models.UniqueConstraint(
                fields=["contact"], condition=Q(undone_at=None, contact__isnull=False), name="one_mark_per_contact"
            ),
            models.UniqueConstraint(
                fields=["agent"], condition=Q(undone_at=None, agent__isnull=False), name="one_mark_per_agent"
            ),
            models.UniqueConstraint(
                fields=["network"], condition=Q(undone_at=None) & ~Q(network=""), name="one_mark_per_network"
            ),
        ]

    def __str__(self) -> str:
        return self.network or str(self.agent or self.contact)
