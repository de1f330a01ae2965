"""A copied form: the points on its own page come along, rules that name it count it alone and are named."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.urls import reverse

from scoring import rules
from scoring.models import PointAction, Repeat
from tests.factories import FormFactory, FormFieldFactory, UserFactory
from tracking.models import Form, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    form = FormFactory(name="Demo request")
    FormFieldFactory(form=form, key="size", type="radio", choices=["Few", "Many"])
    return form


def about(form):
    return Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk).pk


def called(name, action):
    PointAction.objects.filter(pk=action.pk).update(name=name)


def copy(client, form):
    response = client.post(reverse("admin:tracking_form_copy", args=[form.pk]))
    return Form.objects.exclude(pk=form.pk).get(), [str(one) for one in get_messages(response.wsgi_request)]


def test_points_on_the_form_come_along_and_the_other_rules_are_named(client, form, publish):
    client.force_login(UserFactory(is_superuser=True))
    own = publish(7, source="form_submitted", params={"only": [about(form)]}, form=form, repeat=Repeat.ALWAYS)
    called("Asked for a demo", publish(3, source="form_submitted", params={"only": [about(form)]}))
    question = {"question": form.fields.get().pk, "answers": ["Many"]}
    called("A large <brewery>", publish(5, source="form_answered", params=question))
    called("Any form", publish(2, source="form_submitted"))

    made, sentences = copy(client, form)

    ours = PointAction.objects.get(form=made)
    assert (ours.points, ours.repeat, ours.params, ours.name) == (
        7,
        Repeat.ALWAYS,
        {"only": [about(made)]},
        f"Form: {made.name}",
    )
    assert rules.in_force(ours).points == 7
    own.refresh_from_db()
    assert (own.form, own.params) == (form, {"only": [about(form)]})
    assert len(sentences) == 2
    assert "do not count the copy" in sentences[1]
    assert ">Asked for a demo</a>" in sentences[1]
    assert ">A large &lt;brewery&gt;</a>" in sentences[1]
    assert "Any form" not in sentences[1]


def test_a_form_that_no_rule_names_is_copied_in_silence(client, form, publish):
    client.force_login(UserFactory(is_superuser=True))
    called("Any form", publish(2, source="form_submitted"))

    _made, sentences = copy(client, form)

    assert sentences == ["This is the copy. It is switched off until you say otherwise."]


def test_who_may_make_no_rules_copies_none(client, form, publish):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_form", "view_form", "change_form"]))
    client.force_login(user)
    publish(7, source="form_submitted", params={"only": [about(form)]}, form=form)

    made, _sentences = copy(client, form)

    assert not PointAction.objects.filter(form=made).exists()
