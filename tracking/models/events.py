"""What happened: the inbox of raw hits, the immutable events, and what events are about."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.wording import moment
from tracking.models.verdicts import Agent, Network


class Kind(models.IntegerChoices):
    """What happened. Numbers are stored in millions of rows: never change one."""

    EMAIL_SENT = 1, _("Email sent")
    EMAIL_OPENED = 2, _("Email opened")
    EMAIL_CLICKED = 3, _("Link in an email clicked")
    SMS_SENT = 4, _("SMS sent")
    SMS_CLICKED = 5, _("Link in an SMS clicked")
    LANDING_PAGE_VISITED = 6, _("Landing page visited")
    PAGE_VISITED = 7, _("Web page visited")
    FORM_SUBMITTED = 8, _("Form submitted")
    FORM_ANSWERED = 9, _("Form answer given")  # one for each closed question of a submission
    ASSET_DOWNLOADED = 10, _("Asset downloaded")
    WEBINAR_REGISTERED = 11, _("Webinar registered")
    WEBINAR_ATTENDED = 12, _("Webinar attended")
    WEBINAR_MISSED = 13, _("Webinar missed")
    CUSTOM = 14, _("Custom event")
    CAMPAIGN_STARTED = 15, _("Campaign started")
    CAMPAIGN_STEP = 16, _("Campaign step reached")
    IDENTIFIED = 20, _("Identified")
    UNSUBSCRIBED = 21, _("Unsubscribed")
    CONSENT_ANSWERED = 22, _("Consent banner answered")  # by a browser: the contact's consent is CONSENT_CHANGED
    FORM_STARTED = 23, _("Form started")  # its first question was answered, not sent yet: for statistics alone
    # From contacts.Change: a person's own data.
    CONTACT_CREATED = 30, _("Contact created")
    CONTACT_CHANGED = 31, _("Contact changed")
    TAG_ADDED = 32, _("Tag added")
    TAG_REMOVED = 33, _("Tag removed")
    SEGMENT_ENTERED = 34, _("Segment entered")
    SEGMENT_LEFT = 35, _("Segment left")
    STAGE_CHANGED = 36, _("Stage changed")
    CONSENT_CHANGED = 37, _("Consent changed")
    BLOCKED = 38, _("Blocked")
    UNBLOCKED = 39, _("Unblocked")


class Verdict(models.IntegerChoices):
    """Who acted, as far as we can tell."""

    UNKNOWN = 0, _("Unknown")
    HUMAN = 1, _("Human")
    PROXY = 2, _("Proxy")
    SCANNER = 3, _("Scanner")


class Subject(models.Model):
    """Something an event can be about: an email, a link, a page, a form, a webinar …

    The dimension table of scoring: rules are resolved against it once, so scoring never runs a pattern per event. Owners
    in higher apps (campaigns) register theirs with `subjects.register()`; `ref_id` is the owner's primary key.
    """

    class Type(models.TextChoices):
        EMAIL = "email", _("Email")
        SMS = "sms", _("SMS")
        LINK = "link", _("Link")
        HIDDEN_LINK = "hidden_link", _("Hidden link")  # in mails, for machines to follow: tracking.verdicts.hidden_link
        PAGE = "page", _("Web page")
        LANDING_PAGE = "landing_page", _("Landing page")
        FORM = "form", _("Form")
        ANSWER = "answer", _("Form answer")  # parent: the form; name: the field's key; path: the answer
        ASSET = "asset", _("Asset")
        WEBINAR = "webinar", _("Webinar")
        CUSTOM = "custom", _("Custom event")
        CAMPAIGN = "campaign", _("Campaign")
        STEP = "step", _("Campaign step")
        TAG = "tag", _("Tag")
        SEGMENT = "segment", _("Segment")
        STAGE = "stage", _("Stage")

    type = models.CharField(_("type"), max_length=20, choices=Type.choices)
    key = models.CharField(max_length=1300)
    ref_id = models.BigIntegerField(null=True)
    name = models.CharField(_("name"), max_length=300, blank=True)
    host = models.CharField(_("host"), max_length=253, blank=True)
    path = models.CharField(_("path"), max_length=1000, blank=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Null until every rule version has been resolved against this subject (scoring.matching).
    resolved_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("subject")
        verbose_name_plural = _("subjects")
        constraints = [models.UniqueConstraint(fields=["type", "key"], name="one_subject_per_type_and_key")]
        indexes = [
            models.Index(fields=["id"], name="subject_unresolved", condition=Q(resolved_at__isnull=True)),
            models.Index(fields=["parent"], name="subject_by_parent"),
        ]

    def __str__(self) -> str:
        if self.type == self.Type.ANSWER:
            return f"{self.name} = {self.path}"
        if self.type == self.Type.CUSTOM:
            from tracking.subjects import readable  # it reads the models of this module

            return readable(self.name or self.key)
        return self.name or f"{self.host}{self.path}" or self.key


class OwnsSubject(models.Model):
    """Something events are about: saving it keeps its Subject's name right."""

    subject_type: Subject.Type

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        from tracking import subjects  # it reads the models of this module

        super().save(*args, **kwargs)
        subjects.register(self.subject_type, self.pk, self.subject_name())

    def subject_name(self) -> str:
        """The name events show, the same in every language."""
        return str(self)


class Visitor(models.Model):
    """An unknown browser, by a random first-party id; `contact` once we know who it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="visitors")
    # Did the person say who they are, by giving an email? A tracked link alone is no proof: mails are forwarded.
    is_sure = models.BooleanField(default=False, db_default=False)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")

    def __str__(self) -> str:
        return str(self.id)


class Tie(models.Model):
    """What ties a browser to a contact: the contact's email was given in it, and a mail to the contact was followed in it.

    Both of two contacts in one browser is half of what proves that they are one person (tracking.proofs).
    """

    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="ties")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="ties")
    given_at = models.DateTimeField(null=True)
    followed_at = models.DateTimeField(null=True)  # the latest click on a link in a mail to the contact

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visitor", "contact"], name="one_tie_per_visitor_and_contact")]

    def __str__(self) -> str:
        return f"{self.visitor_id} · {self.contact}"


class BrowserLetGo(models.Model):
    """The number of a browser whose person was erased: what others had done in it by event `until` may carry it still."""

    visitor_id = models.UUIDField(primary_key=True)
    until = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.visitor_id)


class Hit(models.Model):
    """The inbox: one row for each acknowledged request, deleted in the transaction that makes it an Event.

    A hit that cannot be processed is parked with its error, visible in the admin, and may be retried.
    """

    key = models.UUIDField(_("key"), unique=True)
    kind = models.PositiveSmallIntegerField(_("what"), choices=Kind.choices)
    at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    contact_id = models.BigIntegerField(_("contact"), null=True)
    visitor_id = models.UUIDField(_("visitor"), null=True)
    subject_id = models.BigIntegerField(_("about"), null=True)
    message_id = models.BigIntegerField(_("message"), null=True)
    url = models.TextField(_("address"), blank=True)
    user_agent = models.TextField(_("browser"), blank=True)
    ip = models.GenericIPAddressField(_("shortened IP"), null=True)
    data = models.JSONField(_("details"), default=dict)
    error = models.TextField(_("error"), blank=True)
    parked_at = models.DateTimeField(_("parked"), null=True)

    class Meta:
        verbose_name = _("hit")
        verbose_name_plural = _("hits")
        indexes = [models.Index(fields=["id"], name="hit_waiting", condition=Q(parked_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {moment(self.at)}"


class Receipt(models.Model):
    """The key of each hit ever taken from the inbox: what makes a hit received twice count once."""

    key = models.UUIDField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)


class Event(models.Model):
    """The fact: a contact (or a visitor) did KIND at TIME to SUBJECT. Immutable, but for who a visitor turned out to be.

    Partitioned by month of `at` (migration `partition_events`); the database's primary key is (id, at).
    """

    key = models.UUIDField(_("key"), null=True)
    kind = models.PositiveSmallIntegerField(_("what"), choices=Kind.choices)
    at = models.DateTimeField(_("when"))
    contact = models.ForeignKey(
        Contact, models.DO_NOTHING, null=True, db_constraint=False, related_name="events", verbose_name=_("contact")
    )
    visitor = models.ForeignKey(Visitor, models.DO_NOTHING, null=True, db_constraint=False, related_name="events")
    subject = models.ForeignKey(
        Subject, models.DO_NOTHING, null=True, db_constraint=False, related_name="events", verbose_name=_("about")
    )
    message_id = models.BigIntegerField(_("message"), null=True)
    verdict = models.PositiveSmallIntegerField(_("verdict"), choices=Verdict.choices, default=Verdict.UNKNOWN)
    # What the verdict is made from and why it is what it is: tracking.verdicts. Null: nothing.
    agent = models.ForeignKey(
        Agent, models.DO_NOTHING, null=True, db_constraint=False, related_name="+", verbose_name=_("browser or program")
    )
    network = models.ForeignKey(
        Network, models.DO_NOTHING, null=True, db_constraint=False, related_name="+", verbose_name=_("network")
    )
    signs = models.PositiveSmallIntegerField(null=True)
    reasons = models.IntegerField(null=True)
    data = models.JSONField(_("details"), default=dict)
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        db_table = "tracking_event"
        verbose_name = _("event")
        verbose_name_plural = _("events")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {moment(self.at)}"


class Link(models.Model):
    """A tracked link of one email or SMS. Its own subject; the subject's parent is the email's or SMS's subject."""

    source = models.ForeignKey(Subject, models.CASCADE, related_name="links")
    url = models.TextField(_("address"))
    subject = models.OneToOneField(Subject, models.PROTECT, related_name="link")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        constraints = [
            models.UniqueConstraint("source", models.functions.MD5("url"), name="one_link_per_source_and_url")
        ]

    def __str__(self) -> str:
        return self.url
