"""The contract of every registered action and step, ours and others'."""

import json

import pytest
from django import forms
from django.core.exceptions import ValidationError

from campaigns import delivery
from campaigns.models import Delivery
from campaigns.registry import actions, steps
from contacts import typed_params
from contacts.registry import Registry
from scoring.models import PointGroup
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    DeliveryFactory,
    EmailFactory,
    IntegrationFactory,
    SegmentFactory,
    SmsFactory,
    StageFactory,
    TagFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ROW = {
    "Email": EmailFactory,
    "Sms": SmsFactory,
    "Campaign": CampaignFactory,
    "Segment": SegmentFactory,
    "Tag": TagFactory,
    "Stage": StageFactory,
    "Integration": IntegrationFactory,
    "User": UserFactory,
    "PointGroup": lambda: PointGroup.objects.create(name="Engagement"),
}
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


def filled(type_):
    """Settings as a marketer would fill them in: of two lists of the same things only the first."""
    params, used = {}, set()
    for name, field in type_.Form.base_fields.items():
        if isinstance(field, forms.ModelChoiceField):
            model = field.queryset.model.__name__
            many = isinstance(field, forms.ModelMultipleChoiceField)
            rows = [ROW[model]()] if model not in used else []
            used.add(model)
            params[name] = [row.pk for row in rows] if many else rows[0].pk
        elif isinstance(field, forms.IntegerField):
            params[name] = 5
        elif isinstance(field, forms.MultipleChoiceField):
            params[name] = [field.choices[0][0]]
        elif isinstance(field, forms.ChoiceField):
            params[name] = field.choices[0][0]
        elif isinstance(field, forms.BooleanField):
            params[name] = True
        elif isinstance(field, forms.JSONField):
            params[name] = FRENCH
        elif isinstance(field, forms.TimeField):
            params[name] = "09:00:00"
    return params


every = pytest.mark.parametrize(
    "type_", [*actions, *steps], ids=lambda type_: f"{type(type_).__module__.split('.')[1]}-{type_.key}"
)
every_action = pytest.mark.parametrize("action", list(actions), ids=lambda action: action.key)


@every
def test_settings_survive_the_form_as_json(type_):
    params = typed_params.validated(type_, filled(type_))

    assert json.loads(json.dumps(params)) == params
    assert typed_params.validated(type_, params) == params
    assert set(params) == set(type_.Form.base_fields)


@every
def test_it_says_what_it_does_in_words(type_):
    params = typed_params.validated(type_, filled(type_))

    assert 3 < len(type_.describe(params)) < 300
    assert type_.label


@every
def test_nothing_filled_in_is_refused_unless_there_are_defaults(type_):
    if any(field.initial is None for field in type_.Form.base_fields.values() if field.required):
        with pytest.raises(ValidationError):
            typed_params.validated(type_, {})


@every_action
def test_a_delivery_of_it_ends_in_a_state_people_can_read(action, smtp, receiver, settings):
    settings.SMS_URL = receiver.url
    params = typed_params.validated(action, filled(action))
    for integration in [IntegrationFactory._meta.model.objects.first()]:
        if integration:
            integration.url = receiver.url
            integration.save()
    contact = ContactFactory(phone="+33612345678", owner=UserFactory())
    queued = DeliveryFactory(type=action.key, params=params, contact=contact)

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert queued.state in (Delivery.State.SENT, Delivery.State.SKIPPED), queued.outcome
    assert queued.outcome
    assert queued.attempts.count() == 1


@every_action
def test_rows_its_settings_name_may_be_gone(action, smtp, receiver):
    gone = {name: [10**9] if isinstance(value, list) else 10**9 for name, value in filled(action).items()}
    queued = DeliveryFactory(type=action.key, params=gone)

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert queued.state in (Delivery.State.SENT, Delivery.State.SKIPPED, Delivery.State.FAILED)
    assert action.describe(gone)


def test_every_action_is_a_step():
    assert {action.key for action in actions if action.offered} < {step.key for step in steps}


def test_a_key_in_use_is_refused():
    registry = Registry("thing")
    registry.add(next(iter(actions)))

    with pytest.raises(ValueError, match="thing '.*' is registered twice"):
        registry.add(next(iter(actions)))
