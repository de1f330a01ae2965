"""Who: contacts, what we know of them, and what they allow."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts import fields


class Channel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("SMS")


class Purpose(models.TextChoices):
    """What a person can say yes or no to. The instance decides which need an explicit yes (CONSENT_REQUIRED)."""

    WEB_TRACKING = "web_tracking", _("Web tracking")
    EMAIL_TRACKING = "email_tracking", _("Email-open tracking")
    LINK_TRACKING = "link_tracking", _("Link tracking")
    PROFILING = "profiling", _("Profiling")


class Stage(models.Model):
    """A step of the funnel; `position` orders it."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    description = models.TextField(_("description"), blank=True)
    color = models.CharField(_("color"), max_length=7, blank=True, default="#9333ea")

    class Meta:
        ordering = ["position", "name"]
        verbose_name = _("stage")
        verbose_name_plural = _("stages")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        ordering = ["name"]
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(Lower("name"), name="one_tag_per_name")]

    def __str__(self) -> str:
        return self.name


class Company(models.Model):
    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=253, blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Two letters, such as FR."))
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [models.UniqueConstraint(Lower("name"), name="one_company_per_name")]

    def __str__(self) -> str:
        return self.name


class CustomField(models.Model):
    """A field the marketer adds to contacts; values live in `Contact.fields[key]`, validated by `contacts.fields`."""

    class Type(models.TextChoices):
        TEXT = "text", _("Text")
        LONG_TEXT = "long_text", _("Long text")
        INTEGER = "integer", _("Whole number")
        DECIMAL = "decimal", _("Decimal number")
        BOOLEAN = "boolean", _("Yes or no")
        DATE = "date", _("Date")
        DATETIME = "datetime", _("Date and time")
        CHOICE = "choice", _("One choice")
        CHOICES = "choices", _("Several choices")
        EMAIL = "email", _("Email address")
        URL = "url", _("Web address")
        PHONE = "phone", _("Phone number")

    key = models.SlugField(
        _("key"), max_length=50, unique=True, help_text=_("Used in imports, forms and the API; it never changes.")
    )
    label = models.CharField(_("label"), max_length=100)
    type = models.CharField(_("type"), max_length=20, choices=Type.choices, default=Type.TEXT)
    choices = models.JSONField(_("choices"), default=list, blank=True, help_text=_("One choice per line."))
    required = models.BooleanField(_("required"), default=False)
    help_text = models.CharField(_("help"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["position", "label"]
        verbose_name = _("custom field")
        verbose_name_plural = _("custom fields")

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        fields.clean_custom_field(self)


class Contact(models.Model):
    """A known person. Every change to a row is noted by the database itself in `Change`, whatever path it took."""

    # Null, not "", for nobody's: addresses are unique.
    email = models.EmailField(_("email"), max_length=254, null=True, blank=True)  # noqa: DJ001
    phone = fields.PhoneField(_("phone"), help_text=_("International, such as +33 6 12 34 56 78."))
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("company")
    )
    job_title = models.CharField(_("job title"), max_length=150, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("Two letters, such as FR."))
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True, help_text=_("Such as Europe/Paris."))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_contacts",
        verbose_name=_("owner"),
    )
    stage = models.ForeignKey(
        Stage, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("stage")
    )
    tags = models.ManyToManyField(
        Tag, through="ContactTag", related_name="contacts", blank=True, verbose_name=_("tags")
    )
    fields = models.JSONField(_("custom fields"), default=dict, blank=True)
    # Cascading: whoever is deleted is deleted with all they were, or an old address would come back to life.
    merged_into = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, editable=False, related_name="merged"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        permissions = [
            ("export_person", _("Can hand out a copy of everything about a contact")),
            ("erase_person", _("Can erase a contact for good")),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="one_contact_per_email",
                violation_error_message=_("A contact with this email exists already."),
            ),
        ]
        indexes = [
            models.Index(fields=["last_name", "first_name"], name="contact_by_name"),
            models.Index(fields=["-created_at"], name="contact_by_creation"),
            GinIndex(fields=["fields"], opclasses=["jsonb_path_ops"], name="contact_by_custom_field"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or f"#{self.pk}"

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_absolute_url(self) -> str:
        """The contact's page in the admin."""
        return reverse("admin:contacts_contact_overview", args=[self.pk])

    def clean(self) -> None:
        fields.clean_contact(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = fields.normalise_email(self.email)
        super().save(*args, **kwargs)


class ContactTag(models.Model):
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="contact_tags")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="contact_tags", verbose_name=_("tag"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        constraints = [models.UniqueConstraint(fields=["contact", "tag"], name="one_tag_once_per_contact")]

    def __str__(self) -> str:
        return str(self.tag)


class Segment(models.Model):
    """A saved list: fixed, or dynamic by a condition tree. Membership rows say who is in and why."""

    name = models.CharField(_("name"), max_length=150, unique=True)
    description = models.TextField(_("description"), blank=True)
    is_dynamic = models.BooleanField(
        _("dynamic"), default=False, help_text=_("Filled by the conditions below and kept up to date.")
    )
    conditions = models.JSONField(_("conditions"), default=dict, blank=True)
    rebuilt_at = models.DateTimeField(_("last rebuilt"), null=True, blank=True, editable=False)
    rebuild_ms = models.PositiveIntegerField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("segment")
        verbose_name_plural = _("segments")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One contact's place in one segment. `is_member` False with reason manual is a manual removal: rebuilds respect it."""

    class Reason(models.TextChoices):
        RULE = "rule", _("Conditions")
        MANUAL = "manual", _("By hand")
        TRIGGER = "trigger", _("Trigger")
        CAMPAIGN = "campaign", _("Campaign")
        FORM = "form", _("Form")
        IMPORT = "import", _("Import")

    # What a rebuild by rule may add or take away; everything else was somebody's decision and stays.
    DECIDED: ClassVar = [Reason.MANUAL, Reason.TRIGGER, Reason.CAMPAIGN, Reason.FORM, Reason.IMPORT]

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="memberships")
    segment = models.ForeignKey(Segment, models.CASCADE, related_name="memberships", verbose_name=_("segment"))
    is_member = models.BooleanField(_("member"), default=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["segment", "contact"], name="one_membership_per_segment_and_contact")
        ]

    def __str__(self) -> str:
        return f"{self.contact} · {self.segment}"


class DoNotContact(models.Model):
    """A block of one channel. Sending looks here last of all, just before it speaks."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Complained")
        MANUAL = "manual", _("By hand")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="blocks")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason.choices)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("do not contact")
        verbose_name_plural = _("do not contact")
        constraints = [models.UniqueConstraint(fields=["contact", "channel"], name="one_block_per_channel")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_reason_display()}"


class Consent(models.Model):
    """One answer to one question, with its proof. Append-only: the latest answer per purpose is in force."""

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents", verbose_name=_("contact"))
    # What a person allows us to do with what they do, or (their own wish about) a channel we write by.
    purpose = models.CharField(_("purpose"), max_length=20, choices=[*Purpose.choices, *Channel.choices])
    granted = models.BooleanField(_("granted"))
    text = models.TextField(_("text shown"), blank=True)
    shown = models.ForeignKey(
        "ConsentText", models.PROTECT, null=True, blank=True, related_name="consents", verbose_name=_("text version")
    )
    source = models.CharField(_("source"), max_length=200, blank=True)
    ip = models.GenericIPAddressField(_("shortened IP"), null=True, blank=True)
    # With a double opt-in: when the box was ticked. The yes was then confirmed, and is in force, from `given_at` on.
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    given_at = models.DateTimeField(_("given"), default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [models.Index(fields=["contact", "purpose", "-given_at", "-id"], name="latest_consent")]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}: {_('yes') if self.granted else _('no')}"


class ConsentPolicy(models.Model):
    """Whether a purpose needs an explicit yes, from a moment on. Append-only: the latest row of a purpose is in force.

    Without a row the environment decides (CONSENT_REQUIRED).
    """

    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    is_required = models.BooleanField(
        _("needs a yes"), help_text=_("Otherwise it is assumed until the person refuses.")
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("consent setting")
        verbose_name_plural = _("consent settings")
        indexes = [models.Index(fields=["purpose", "-id"], name="latest_consent_policy")]

    def __str__(self) -> str:
        return str(self.get_purpose_display())


class ConsentText(models.Model):
    """What people are asked, word by word. Append-only: a change is a new version, and each consent names the one shown."""

    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose.choices)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    version = models.PositiveIntegerField(_("version"), editable=False)
    text = models.TextField(_("text"), max_length=2000)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        ordering = ["purpose", "language", "-version"]
        verbose_name = _("consent text")
        verbose_name_plural = _("consent texts")
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="one_consent_text_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()}, {self.get_language_display()}, {self.version}"


class DataRequest(models.Model):
    """A person asked for a copy of their data, or that it be erased. One of a kind waits at a time."""

    class Kind(models.TextChoices):
        EXPORT = "export", _("A copy of the data")
        ERASURE = "erasure", _("Erasure")

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="data_requests", verbose_name=_("contact"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    source = models.CharField(_("source"), max_length=200, blank=True)
    ip = models.GenericIPAddressField(_("shortened IP"), null=True, blank=True)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("done by")
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "kind"], condition=Q(done_at__isnull=True), name="one_open_data_request"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.contact}"


class Import(models.Model):
    """A file of contacts on its way in. Its rows wait in `ImportRow`; what failed stays there to be read and mended."""

    class State(models.TextChoices):
        # Staged and shown; nothing has changed yet.
        DRAFT = "draft", _("To be confirmed")
        QUEUED = "queued", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    name = models.CharField(_("file"), max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("author")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    headers = models.JSONField(default=list)
    mapping = models.JSONField(default=list)  # for each header the key of its target, or ""
    segment = models.ForeignKey(
        Segment, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("put everybody into")
    )
    total = models.PositiveIntegerField(_("lines"), default=0)
    done = models.PositiveIntegerField(_("lines done"), default=0)
    done_line = models.PositiveIntegerField(default=0)  # the last line of the file that is done
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    failed = models.PositiveIntegerField(_("with errors"), default=0)
    erased = models.PositiveIntegerField(_("left out: erased at their own wish"), default=0)
    created_at = models.DateTimeField(_("uploaded"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    heard_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.name

    @property
    def is_going(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


class ImportRow(models.Model):
    """One line of an import, as it stands in the file; with what is wrong in which column, once that is known."""

    job = models.ForeignKey(Import, models.CASCADE, related_name="rows", db_index=False)
    line = models.PositiveIntegerField()
    cells = models.JSONField()
    errors = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "line"], name="one_row_per_import_and_line")]

    def __str__(self) -> str:
        return f"{self.job} {self.line}"


class Change(models.Model):
    """What happened to a contact's own data: written by database triggers, so no path can forget it.

    The pipeline turns each row into an Event and deletes it. `held` marks bulk work (imports, mass edits) whose score
    crossings wait for a marketer's release; a session asks for it with `SET LOCAL bareme.hold = 'on'`.
    """

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        TAGGED = "tagged"
        UNTAGGED = "untagged"
        ENTERED = "entered"
        LEFT = "left"
        CONSENT = "consent"
        BLOCKED = "blocked"
        UNBLOCKED = "unblocked"
        COMPANY = "company"

    contact_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    ref_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    held = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")

    def __str__(self) -> str:
        return f"{self.kind} #{self.contact_id}"


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
    note = models.CharField(_("because"), max_length=300, blank=True)
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


class ErasedAddress(models.Model):
    """That the owner of an address had themselves erased: imports do not bring them back. A keyed digest, never the address."""

    digest = models.CharField(max_length=64, unique=True)
    erased_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.digest[:8]} …"


class Erasure(models.Model):
    """That people were erased: when, by whom, how much; never who. `counts`: rows by what they were."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("because"), max_length=200, blank=True)
    people = models.PositiveIntegerField(_("people"), default=1)
    counts = models.JSONField(_("what went"), default=dict)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
