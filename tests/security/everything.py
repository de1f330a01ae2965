"""One row at least of every model the admin shows, and every address of the admin with something behind it."""

import uuid
from datetime import date

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from contacts.models import Contact, Import, ImportRow, Merge
from scoring import publications
from scoring.models import BackTest, OverallScore, PointAction, Publication
from scoring.publishing.actions import state_of
from tests.factories import LandingPageFactory
from tracking import experiments
from tracking.models import Form, Hit, Kind, Mark, OutageShare

SITE = admin.site


def complete():
    """Add what the demo world lacks: first what has a way of being made, then a row of each model that is still empty."""
    author = superuser()
    _experiments()
    _publications(author)
    OverallScore.get()
    first, second, *_rest = Contact.objects.order_by("pk")
    Mark.objects.create(network="198.51.100.0/24", author=author)
    Merge.objects.create(winner=first, loser=second, undone_at=timezone.now(), author=author)
    Hit.objects.create(
        key=uuid.uuid4(), kind=Kind.PAGE_VISITED, at=timezone.now(), error="Odd", parked_at=timezone.now()
    )
    job = Import.objects.create(
        name="people.csv", author=author, headers=["Email"], mapping=["email"], total=1, failed=1
    )
    ImportRow.objects.create(job=job, line=2, cells=["x"], errors=[["email", "Not an email"]])
    BackTest.objects.create(
        outcome="custom_event", cutoff=date(2026, 1, 1), state=BackTest.State.CANCELLED, author=author
    )
    row_of(OutageShare)  # of which outages are a view
    for model in SITE._registry:
        if not model._base_manager.exists():
            row_of(model)


def superuser():
    return get_user_model().objects.filter(is_superuser=True).first()


def _experiments():
    experiments.draft(LandingPageFactory(slug="drafted"), "Draft")
    started = LandingPageFactory(slug="started", form=Form.objects.first())
    experiments.start(experiments.draft(started, "Started"))
    LandingPageFactory(slug="never-tried")


def _publications(author):
    one, other = PointAction.objects.filter(is_active=True).order_by("pk")[:2]
    for rule in (one, other):
        draft = publications.open_draft(author)
        publications.add(draft, "point_action", rule.pk, {**state_of(rule), "points": rule.points * 2}, author)
        if rule is one:
            publications.publish(draft, Publication.Scope.FROM_NOW, author)


def row_of(model):
    """A row with what its fields make do with."""
    return model._base_manager.bulk_create([model(**_values(model))])[0]


def _values(model):
    values = {}
    for field in model._meta.concrete_fields:
        if field.primary_key and not isinstance(field, models.UUIDField):
            continue
        if field.has_default() or (field.null and not field.unique):
            continue
        values[field.attname] = _value(field)
    if model._meta.label == "contacts.Duplicate":
        values["second_id"] = values["first_id"] + 1
    return values


def _value(field):
    if field.is_relation:
        return field.related_model._base_manager.order_by("pk").values_list("pk", flat=True).first()
    if field.choices:
        return field.choices[0][0]
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    if isinstance(field, models.DateField):
        return timezone.localdate()
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.GenericIPAddressField):
        return "203.0.113.0"
    if isinstance(field, models.IntegerField | models.DecimalField | models.BooleanField):
        return 1
    return "something"


def addresses():
    """Every address of the admin, as (name, address); those about a row for two rows, which may be in different states."""
    for model, page in SITE._registry.items():
        pks = list(model._base_manager.order_by("pk").values_list("pk", flat=True))
        for pk in dict.fromkeys([pks[0], pks[-1]]):
            for pattern in page.get_urls():
                if pattern.name:
                    yield from _filled(pattern, pk)
    for name in ("index", "password_change", "password_change_done", "jsi18n", "autocomplete", "login", "logout"):
        yield f"admin:{name}", reverse(f"admin:{name}")
    for app in dict.fromkeys(model._meta.app_label for model in SITE._registry):
        yield "admin:app_list", reverse("admin:app_list", args=[app])
    yield "rule_doctor", reverse("rule_doctor")


def _filled(pattern, pk):
    name = f"admin:{pattern.name}"
    choices = {"number": [1], "other": [_another(pk)], "form": ["html", "pdf"]}
    for form in choices["form"] if "form" in pattern.pattern.converters else [""]:
        given = {"number": 1, "other": choices["other"][0], "form": form}
        names = pattern.pattern.converters
        kwargs = {one: given.get(one, _row(name, pk)) for one in names}
        try:
            yield name, reverse(name, kwargs=kwargs)
        except NoReverseMatch:  # an address by the row's UUID
            continue


def _another(pk):
    return Contact.objects.exclude(pk=pk).values_list("pk", flat=True).first() if isinstance(pk, int) else None


def _row(name, pk):
    return Import.objects.get().pk if "_import_" in name else pk
