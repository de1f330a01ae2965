"""One factory per model, free of surprises: unique where the database says so, empty where it may be."""

from datetime import UTC, datetime

import factory
from django.contrib.auth import get_user_model

from campaigns.models import (
    Campaign,
    Delivery,
    Email,
    Integration,
    Sms,
    Step,
    Trigger,
    TriggerAction,
    Webinar,
)
from contacts.models import Company, Contact, CustomField, Segment, Stage, Tag
from tracking.models import Asset, Form, FormField, LandingPage, Link, Subject


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    is_staff = True


class CompanyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"Company {n}")


class StageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Stage

    name = factory.Sequence(lambda n: f"Stage {n}")
    position = factory.Sequence(lambda n: n)


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"tag {n}")


class CustomFieldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CustomField

    key = factory.Sequence(lambda n: f"field_{n}")
    label = factory.LazyAttribute(lambda field: field.key)


class SegmentFactory(factory.django.DjangoModelFactory):
    """A fixed segment; with `conditions`, a dynamic one."""

    class Meta:
        model = Segment

    name = factory.Sequence(lambda n: f"Segment {n}")
    is_dynamic = factory.LazyAttribute(lambda segment: bool(segment.conditions))
    conditions = factory.LazyFunction(dict)


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    email = factory.Sequence(lambda n: f"contact{n}@example.com")


# --- tracking ---------------------------------------------------------------------------------------------------------


class SubjectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Subject

    type = Subject.Type.EMAIL
    key = factory.Sequence(lambda n: f"subject {n}")
    name = factory.LazyAttribute(lambda subject: subject.key)


class LinkFactory(factory.django.DjangoModelFactory):
    """A link in an email; `source__type="sms"` makes it one in an SMS."""

    class Meta:
        model = Link

    source = factory.SubFactory(SubjectFactory)
    url = "https://shop.example/pricing"
    subject = factory.SubFactory(
        SubjectFactory,
        type=Subject.Type.LINK,
        parent=factory.SelfAttribute("..source"),
        name=factory.SelfAttribute("..url"),
    )


class FormFactory(factory.django.DjangoModelFactory):
    """A form without fields."""

    class Meta:
        model = Form

    name = factory.Sequence(lambda n: f"Form {n}")


class FormFieldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FormField

    form = factory.SubFactory(FormFactory)
    key = factory.Sequence(lambda n: f"field_{n}")
    label = factory.LazyAttribute(lambda field: field.key.replace("_", " ").capitalize())


class LandingPageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LandingPage

    title = factory.Sequence(lambda n: f"Page {n}")
    slug = factory.Sequence(lambda n: f"page-{n}")
    is_published = True


class AssetFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Asset

    name = factory.Sequence(lambda n: f"Asset {n}")
    url = "https://files.example/guide.pdf"


# --- campaigns --------------------------------------------------------------------------------------------------------


class EmailFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Email

    name = factory.Sequence(lambda n: f"Email {n}")
    subject_line = "Hello"
    html = "<p>Hello</p>"


class SmsFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Sms

    name = factory.Sequence(lambda n: f"SMS {n}")
    body = "Hello"


class IntegrationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Integration

    name = factory.Sequence(lambda n: f"Integration {n}")
    url = "https://crm.example.com/hook"


class TriggerFactory(factory.django.DjangoModelFactory):
    """At 50 of the overall score, once per contact."""

    class Meta:
        model = Trigger

    name = factory.Sequence(lambda n: f"Trigger {n}")
    threshold = 50


class TriggerActionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TriggerAction

    trigger = factory.SubFactory(TriggerFactory)


class CampaignFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Campaign

    name = factory.Sequence(lambda n: f"Campaign {n}")
    is_active = True


class StepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Step

    campaign = factory.SubFactory(CampaignFactory)


class WebinarFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Webinar

    name = factory.Sequence(lambda n: f"Webinar {n}")
    starts_at = datetime(2026, 6, 1, 9, tzinfo=UTC)


class DeliveryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Delivery

    contact = factory.SubFactory(ContactFactory)
