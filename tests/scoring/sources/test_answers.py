"""Points for certain answers to the questions of a form."""

import pytest
from django.core.exceptions import ValidationError

from contacts.models import Contact
from contacts.typed_params import validated
from scoring.models import PointEntry, Repeat
from scoring.sources import point_sources
from scoring.wording import sentence
from tests.factories import FormFactory, FormFieldFactory
from tests.scoring.conftest import happen, lines, score, score_waiting
from tests.scoring.sources.conftest import AT
from tracking.models import Kind, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    form = FormFactory(name="Demo")
    FormFieldFactory(form=form, key="email", type="email", contact_field="email")
    FormFieldFactory(form=form, key="team", type="select", choices=["1-9", "10-99", "100+"])
    FormFieldFactory(form=form, key="topics", type="checkboxes", choices=["Price", "Demo", "Café: new"])
    FormFieldFactory(form=form, key="call", type="checkbox")
    FormFieldFactory(form=form, key="country", type="country", contact_field="country")
    FormFieldFactory(form=form, key="remark", type="textarea")
    return form


def submit(form, **answers):
    about = Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk)
    happen(None, Kind.FORM_SUBMITTED, about, AT, data={"form": form.pk, "answers": answers})
    score_waiting()


@pytest.mark.parametrize(
    ("case", "field", "wanted", "given", "earns"),
    [
        ("the choice", "team", ["100+"], "100+", True),
        ("another choice", "team", ["100+"], "1-9", False),
        ("one of several that count", "team", ["10-99", "100+"], "10-99", True),
        ("one of several that were made", "topics", ["Demo"], ["Price", "Demo"], True),
        ("none of several that were made", "topics", ["Demo"], ["Price", "Café: new"], False),
        ("an answer with any characters", "topics", ["Café: new"], ["Café: new"], True),
        ("a ticked box", "call", ["true"], True, True),
        ("a box left empty", "call", ["true"], False, False),
        ("a box that shall be empty", "call", ["false"], False, True),
        ("a country", "country", ["FR"], "FR", True),
    ],
)
def test_a_certain_answer_earns(form, publish, case, field, wanted, given, earns):
    publish(5, source="form_answered", params={"question": form.fields.get(key=field).pk, "answers": wanted})
    submit(form, email="bob@example.com", **{field: given})

    assert score(Contact.objects.get(), None) == (5 if earns else 0)


def test_two_wanted_answers_at_once_earn_once_per_form(form, publish):
    topics = form.fields.get(key="topics")
    publish(
        5,
        source="form_answered",
        params={"question": topics.pk, "answers": ["Price", "Demo"]},
        repeat=Repeat.ONCE_PER_OBJECT,
    )
    submit(form, email="bob@example.com", topics=["Price", "Demo"])

    form_subject = Subject.objects.get(type=Subject.Type.FORM)
    assert lines(Contact.objects.get()) == [("form_answered +5", 1, form_subject.pk, "0001-01-01", 2, 1)]


def test_open_questions_cannot_be_chosen(form):
    source = point_sources["form_answered"]
    with pytest.raises(ValidationError, match="question"):
        validated(source, {"question": form.fields.get(key="remark").pk, "answers": "x"})
    with pytest.raises(ValidationError, match="answers"):
        validated(source, {"question": form.fields.get(key="team").pk, "answers": " \n "})


def test_a_question_that_is_deleted_takes_nobody_down(form, publish):
    action = publish(
        5, source="form_answered", params={"question": form.fields.get(key="team").pk, "answers": ["100+"]}
    )
    form.fields.filter(key="team").delete()
    submit(form, email="bob@example.com", topics=["Price"])

    assert sentence(action) == "Gives an answer in a form: a question that no longer exists = 100+"
    assert PointEntry.objects.count() == 0
    assert Subject.objects.filter(resolved_at__isnull=True).count() == 0


def test_an_answer_whose_form_is_gone_still_counts(form, ada, publish):
    field = form.fields.get(key="team")
    orphan = Subject.objects.create(type=Subject.Type.ANSWER, key=f"{form.pk}:team:100+", name="team", path="100+")
    publish(
        5, source="form_answered", params={"question": field.pk, "answers": ["100+"]}, repeat=Repeat.ONCE_PER_OBJECT
    )
    happen(ada, Kind.FORM_ANSWERED, orphan, AT)
    score_waiting()

    assert lines(ada) == [("form_answered +5", 1, orphan.pk, "0001-01-01", 1, 1)]
