"""Forms, their fields, and what was sent with them."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Segment
from contacts.wording import moment
from tracking.models.events import OwnsSubject, Subject, Visitor
from tracking.models.public import public_id


class Form(OwnsSubject):
    subject_type = Subject.Type.FORM

    class ThankYou(models.TextChoices):
        MESSAGE = "message", _("Show a message")
        REDIRECT = "redirect", _("Go to a page")
        ASSET = "asset", _("Offer a download")

    name = models.CharField(_("name"), max_length=150)
    public_id = models.CharField(max_length=20, unique=True, default=public_id, editable=False)
    title = models.CharField(_("title shown"), max_length=200, blank=True)
    description = models.TextField(_("text shown"), blank=True)
    button = models.CharField(_("button"), max_length=60, blank=True, help_text=_("Left empty: “Send”."))
    language = models.CharField(
        _("language"), max_length=10, blank=True, help_text=_("Of its messages; left empty: the visitor's.")
    )
    thank_you = models.CharField(_("after sending"), max_length=10, choices=ThankYou.choices, default=ThankYou.MESSAGE)
    thank_you_message = models.TextField(_("message"), blank=True)
    redirect_url = models.URLField(_("page"), max_length=500, blank=True)
    asset = models.ForeignKey(
        "Asset", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("download")
    )
    segment = models.ForeignKey(
        Segment, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("add to segment")
    )
    leave_out_known = models.BooleanField(
        _("do not ask what is known"),
        default=False,
        help_text=_("Of visitors we recognise. Nothing that is known is ever shown; the email is always asked."),
    )
    ask_at_most = models.PositiveSmallIntegerField(
        _("ask at most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text=_("So many of the questions about the contact at a time, the next ones on the next visit."),
    )
    proof_of_work = models.BooleanField(
        _("let the browser do a small calculation"),
        default=False,
        help_text=_("Robots avoid it, visitors do not notice. Without scripts the form waits some seconds instead."),
    )
    notify_owner = models.BooleanField(_("tell the contact's owner"), default=False)
    notify_users = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="+",
        verbose_name=_("tell these colleagues"),
        help_text=_("By email, with the answers."),
    )
    double_opt_in = models.BooleanField(
        _("confirm by email"),
        default=False,
        help_text=_(
            "What the visitor agrees to counts only once they have confirmed it from a mail that we send them."
        ),
    )
    confirm_message = models.TextField(
        _("what they are told"),
        max_length=1000,
        blank=True,
        help_text=_(
            "After sending, beside the message or before the page or download. Left empty: to look into their mailbox."
        ),
    )
    confirm_within_days = models.PositiveSmallIntegerField(
        _("days to confirm"), default=7, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    is_kiosk = models.BooleanField(
        _("filled in by staff"),
        default=False,
        help_text=_(
            "At a fair, say, on one device for many people: nobody is recognised in it, no cookies are set, and it empties "
            "itself after each contact."
        ),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("form")
        verbose_name_plural = _("forms")

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """May visitors fill it in?"""
        return self.is_active and self.archived_at is None


class FormField(models.Model):
    class Type(models.TextChoices):
        TEXT = "text", _("Text")
        TEXTAREA = "textarea", _("Long text")
        EMAIL = "email", _("Email address")
        PHONE = "phone", _("Phone number")
        NUMBER = "number", _("Number")
        URL = "url", _("Web address")
        DATE = "date", _("Date")
        TIME = "time", _("Time of day")
        SELECT = "select", _("One choice from a list")
        RADIO = "radio", _("One choice of buttons")
        CHECKBOXES = "checkboxes", _("Several choices")
        CHECKBOX = "checkbox", _("Tick box")
        COUNTRY = "country", _("Country")
        SCALE = "scale", _("Scale")
        FILE = "file", _("File")
        HIDDEN = "hidden", _("Hidden")
        CONSENT = "consent", _("Consent")
        HEADING = "heading", _("Heading")
        PARAGRAPH = "paragraph", _("Text in between")

    class Depends(models.TextChoices):
        IS = "is", _("is one of")
        IS_NOT = "is_not", _("is none of")
        FILLED = "filled", _("is answered or ticked")
        EMPTY = "empty", _("is not answered or ticked")

    # Answers a rule can match.
    CLOSED = (Type.SELECT, Type.RADIO, Type.CHECKBOXES, Type.CHECKBOX, Type.COUNTRY, Type.SCALE)
    SAYS = (Type.HEADING, Type.PARAGRAPH)  # they ask nothing

    form = models.ForeignKey(Form, models.CASCADE, related_name="fields")
    key = models.SlugField(_("key"), max_length=50)
    label = models.CharField(_("label"), max_length=500)
    type = models.CharField(_("type"), max_length=20, choices=Type.choices, default=Type.TEXT)
    required = models.BooleanField(_("required"), default=False)
    choices = models.JSONField(_("choices"), default=list, blank=True, help_text=_("One choice per line."))
    help_text = models.CharField(_("help"), max_length=200, blank=True)
    placeholder = models.CharField(_("example in the field"), max_length=120, blank=True)
    default = models.CharField(_("default"), max_length=200, blank=True)
    contact_field = models.CharField(
        _("contact field"),
        max_length=60,
        blank=True,
        help_text=_("Where the answer goes on the contact, such as email or job_title."),
    )
    purpose = models.CharField(_("consent to"), max_length=20, blank=True)
    depends_on = models.CharField(_("show only if"), max_length=50, blank=True)  # the key of an earlier field
    depends_how = models.CharField(_("condition"), max_length=10, choices=Depends.choices, default=Depends.IS)
    depends_values = models.JSONField(_("answers"), default=list, blank=True, help_text=_("One answer per line."))
    options = models.JSONField(default=dict, blank=True)  # of its type: `formoptions.py` says which
    half_width = models.BooleanField(_("half as wide"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name = _("field")
        verbose_name_plural = _("fields")
        constraints = [models.UniqueConstraint(fields=["form", "key"], name="one_field_per_form_and_key")]

    def __str__(self) -> str:
        return self.label


class FormSubmission(models.Model):
    form = models.ForeignKey(Form, models.CASCADE, related_name="submissions", verbose_name=_("form"))
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="submissions", verbose_name=_("contact")
    )
    visitor = models.ForeignKey(Visitor, models.SET_NULL, null=True, related_name="submissions")
    key = models.UUIDField(unique=True)
    answers = models.JSONField(_("answers"), default=dict)
    url = models.TextField(_("page"), blank=True)
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["-at"]
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")

    def __str__(self) -> str:
        return f"{self.form} {moment(self.at)}"
