"""Settings of a type, through the type's own form: what is posted, what is stored, what is shown again."""

import datetime
import decimal

import pytest
from django import forms

from campaigns.models import Step
from contacts import typed_params
from contacts.models import Tag
from contacts.registry import Registry
from contacts.typed_params import RELOAD, TypedParamsForm
from tests.factories import CampaignFactory, StageFactory, StepFactory, TagFactory

pytestmark = pytest.mark.django_db
types = Registry("thing")


@types.register
class Everything:
    key = "everything"
    label = "Everything"
    group = "Big"

    class Form(forms.Form):
        name = forms.CharField(max_length=10)
        day = forms.DateField(required=False)
        clock = forms.TimeField(required=False)
        price = forms.DecimalField(required=False)
        yes = forms.BooleanField(required=False)
        tags = forms.ModelMultipleChoiceField(Tag.objects.all(), required=False)
        days = forms.TypedMultipleChoiceField(choices=[(0, "Mon"), (1, "Tue")], coerce=int, required=False)


@types.register
class Nothing:
    key = "nothing"
    label = "Nothing"

    class Form(forms.Form):
        pass


class StepForm(TypedParamsForm):
    registry = types

    class Meta:
        model = Step
        fields = ("type", "params")


@pytest.fixture
def step():
    return StepFactory(
        campaign=CampaignFactory(), type="everything", params={"name": "old", "price": "1.50", "tags": []}
    )


def posted(type_="everything", **values):
    return {"type": type_, "params__type": type_, **{f"params__{name}": value for name, value in values.items()}}


def test_what_is_posted_is_stored_as_plain_json():
    tags = [TagFactory(), TagFactory()]
    values = {"day": "2026-03-01", "clock": "09:30", "price": "12.50", "yes": "on", "days": ["1"]}
    form = StepForm(
        posted(name="x", tags=[tag.pk for tag in tags], **values), instance=Step(campaign=CampaignFactory())
    )

    form.save()

    assert Step.objects.get().params == {
        "name": "x",
        "day": "2026-03-01",
        "clock": "09:30:00",
        "price": "12.50",
        "yes": True,
        "tags": sorted(tag.pk for tag in tags),
        "days": [1],
    }


def test_what_is_stored_is_shown_again(step):
    tag = TagFactory(name="chosen")
    step.params = {"name": "old", "day": "2026-03-01", "tags": [tag.pk], "days": [1], "yes": True}

    shown = str(StepForm(instance=step)["params"])

    assert 'name="params__name" value="old"' in shown
    assert f'<option value="{tag.pk}" selected>chosen</option>' in shown
    assert '<input type="hidden" name="params__type" value="everything">' in shown


def test_the_form_prefix_stands_before_the_names(step):
    form = StepForm({"s-0-type": "everything", "s-0-params__name": "new"}, prefix="s-0", instance=step)

    assert form.is_valid()
    assert form.cleaned_data["params"]["name"] == "new"


def test_errors_stand_beside_their_field(step):
    form = StepForm(posted(name="much too long for this"), instance=step)

    assert form.errors == {"params": ["Please correct the settings."]}
    assert "Ensure this value has at most 10 characters" in str(form["params"])


def test_another_type_is_shown_first_and_brings_nothing_of_the_old_one(step):
    form = StepForm({"type": "everything", "params__type": "nothing"}, instance=step)

    assert form.errors == {"params": ["Please fill in the settings of this type."]}
    assert "errorlist" not in str(form["params"])


def test_a_type_without_settings_needs_no_second_step(step):
    form = StepForm({"type": "nothing", "params__type": "everything", "params__name": "x"}, instance=step)

    assert form.is_valid()
    assert form.save().params == {}


def test_the_scripts_reload_is_never_valid(step):
    assert not StepForm({**posted(name="x"), RELOAD: "1"}, instance=step).is_valid()


@pytest.mark.parametrize(("name", "changed"), [("old", []), ("new", ["params"])])
def test_only_what_changed_counts_as_changed(step, name, changed):
    form = StepForm(posted(name=name, price="1.5"), instance=step)

    assert form.changed_data == changed


def test_an_empty_extra_row_is_left_alone():
    form = StepForm(
        {"s-1-type": "", "s-1-params__type": ""}, prefix="s-1", empty_permitted=True, use_required_attribute=False
    )

    assert (form.has_changed(), form.is_valid()) == (False, True)


def test_a_type_that_is_gone_keeps_its_settings_and_cannot_be_chosen_anew(step):
    step.type = "pigeon"
    step.save()

    kept = StepForm({"type": "pigeon", "params__type": "pigeon"}, instance=step)

    assert kept.is_valid()
    assert kept.cleaned_data["params"] == step.params
    assert "Unknown type: pigeon" in str(kept["type"])
    assert StepForm({"type": "pigeon"}, instance=Step(campaign=step.campaign)).errors["type"]


def test_types_stand_under_their_headings():
    assert typed_params.type_choices(types) == [
        ("", "---------"),
        ("nothing", "Nothing"),
        ("Big", [("everything", "Everything")]),
    ]


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (decimal.Decimal("1.50"), "1.50"),
        (datetime.date(2026, 3, 1), "2026-03-01"),
        (datetime.time(9), "09:00:00"),
        (("a", 1, None, True), ["a", 1, None, True]),
        ({"a": {"b": decimal.Decimal(1)}}, {"a": {"b": "1"}}),
    ],
)
def test_values_become_json(value, stored):
    assert typed_params.dump(value) == stored


def test_a_row_becomes_its_id():
    stage = StageFactory()

    assert typed_params.dump(stage) == stage.pk
