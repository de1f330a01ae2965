"""One contract for all point sources."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from contacts.typed_params import validated
from scoring import rules
from scoring.models import PointAction, Repeat
from scoring.sources import point_sources
from scoring.sources.base import ChosenSubjects, EventSource, ProfileSource
from scoring.sources.clicks import ClickSource
from scoring.wording import sentence
from tests.factories import FormFactory, FormFieldFactory
from tests.scoring.conftest import happen, lines, score, score_waiting, subject
from tests.scoring.sources.conftest import AT, link, page
from tracking.models import Kind, Subject

pytestmark = pytest.mark.django_db


@dataclass
class Sample:
    """Parameters of an event source, what they match and what they do not."""

    params: dict[str, Any]
    about: Subject
    other: Subject
    later: Callable[[], Subject]  # a subject that `wide` matches and that is made only now
    wide: dict[str, Any]


def sample(source):
    if isinstance(source, ChosenSubjects):
        about = subject("wanted", source.subject_type)
        other = subject("another", source.subject_type)
        return Sample({"only": [about.pk]}, about, other, lambda: subject("new", source.subject_type), {})
    if isinstance(source, ClickSource):
        return of_clicks(source)
    return SAMPLES[source.key]()


def of_clicks(source):
    message, another = (subject(name, source.message_type) for name in ("welcome", "farewell"))
    return Sample(
        {"only": [message.pk], "addresses": "shop.example/pricing"},
        link("a", message, "/pricing"),
        link("b", another, "/pricing"),
        lambda: link("c", another, "/new"),
        {},
    )


def of_pages():
    about, other = page("https://shop.example/pricing"), page("https://shop.example/jobs")
    return Sample(
        {"addresses": "shop.example/pricing"},
        about,
        other,
        lambda: page("https://blog.example/new"),
        {"addresses": "*.example/new"},
    )


def of_answers():
    field = FormFieldFactory(form=FormFactory(name="Demo"), key="team", type="select", choices=["1-9", "100+"])
    params = {"question": field.pk, "answers": "100+"}
    return Sample(
        params, answer(field, "100+"), answer(field, "1-9"), lambda: answer(field, "10-99"), WIDE_ANSWERS(field)
    )


def WIDE_ANSWERS(field):
    return {"question": field.pk, "answers": ["100+", "10-99"]}


SAMPLES = {"page_visited": of_pages, "form_answered": of_answers}


def answer(field, choice):
    form = Subject.objects.get(type=Subject.Type.FORM, ref_id=field.form_id)
    return Subject.objects.create(
        type=Subject.Type.ANSWER, key=f"{field.form_id}:{field.key}:{choice}", name=field.key, path=choice, parent=form
    )


event_sources = pytest.mark.parametrize(
    "source", [s for s in point_sources if isinstance(s, EventSource)], ids=lambda source: source.key
)
every_source = pytest.mark.parametrize("source", list(point_sources), ids=lambda source: source.key)


def params_of(source):
    if isinstance(source, ProfileSource):
        return {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    return validated(source, sample(source).params)


@every_source
def test_a_source_is_found_by_its_key_and_takes_its_own_parameters_back(source):
    params = params_of(source)

    assert point_sources.get(source.key) is source
    assert len(source.key) <= PointAction._meta.get_field("source").max_length
    assert source.repeat in Repeat.values
    assert validated(source, params) == params


@every_source
def test_a_source_reads_as_a_sentence_in_both_languages(source, engagement):
    rule = PointAction(name="rule", source=source.key, points=1, group=engagement, params=params_of(source))
    for language in ("en", "fr"):
        with translation.override(language):
            words = sentence(rule)
            assert type(words) is str
            assert words.startswith(str(source.label))
            assert len(words) > len(str(source.label))
            assert "{" not in words
            assert "object at" not in words


@every_source
def test_a_source_without_or_with_strange_parameters_is_described_and_scores_without_a_crash(source, ada, publish):
    for params in (
        {},
        {"only": [10**9], "question": 10**9, "answers": ["x"], "addresses": ["no address"]},
        {"only": ["x"]},
    ):
        action = publish(5, source=source.key, params=params)
        assert sentence(action).startswith(str(source.label))
    if isinstance(source, EventSource):
        happen(ada, source.kind, sample(source).other, AT)
    score_waiting()


@event_sources
def test_an_event_source_matches_subjects_of_its_type_alone(source):
    made = sample(source)
    params = validated(source, made.params)

    assert list(source.subjects(params)) == [made.about]
    assert set(source.subjects(validated(source, made.wide)).values_list("type", flat=True)) <= {source.subject_type}


@event_sources
def test_an_event_about_a_matching_subject_earns_and_one_about_another_does_not(source, ada, publish):
    made = sample(source)
    publish(5, source=source.key, params=validated(source, made.params), repeat=Repeat.ALWAYS)
    happen(ada, source.kind, made.about, AT)
    happen(ada, source.kind, made.other, AT)
    score_waiting()

    about = made.about.parent_id if source.key == "form_answered" else made.about.pk
    assert lines(ada) == [(f"{source.key} +5", 1, about, "2026-03-02", 1, 1)]
    assert score(ada) == 5


@event_sources
def test_an_event_of_another_kind_about_the_same_subject_earns_nothing(source, ada, publish):
    made = sample(source)
    publish(5, source=source.key, params=validated(source, made.params))
    happen(ada, Kind.CAMPAIGN_STARTED, made.about, AT)
    score_waiting()

    assert lines(ada) == []


@event_sources
def test_a_subject_that_appears_later_counts_from_its_first_event(source, ada, publish):
    made = sample(source)
    publish(5, source=source.key, params=validated(source, made.wide))
    score_waiting()
    happen(ada, source.kind, made.later(), AT)
    score_waiting()

    assert score(ada) == 5


@event_sources
def test_points_of_a_source_may_be_negative(source, ada, publish):
    made = sample(source)
    publish(-5, source=source.key, params=validated(source, made.params))
    happen(ada, source.kind, made.about, AT)
    score_waiting()

    assert score(ada) == -5


def test_an_unknown_source_is_shown_and_counts_nothing_and_the_others_go_on(ada, publish):
    publish(5)
    retired = publish(7, source="retired", params={"only": [1]})
    happen(ada, Kind.ASSET_DOWNLOADED, subject("guide"), AT)
    score_waiting()

    assert sentence(retired) == "Unknown source: retired"
    assert [line[0] for line in lines(ada)] == ["asset_downloaded +5"]


def test_a_source_that_is_retired_after_it_paid_keeps_its_lines(ada, publish, monkeypatch):
    action = publish(5)
    happen(ada, Kind.ASSET_DOWNLOADED, subject("guide"), AT)
    score_waiting()
    monkeypatch.delitem(point_sources._types, "asset_downloaded")
    happen(ada, Kind.ASSET_DOWNLOADED, subject("prices"), AT)
    score_waiting()

    assert rules.publish(action) is None
    assert [(line[0], line[4]) for line in lines(ada)] == [("asset_downloaded +5", 1)]


def test_a_profile_rule_needs_a_condition():
    with pytest.raises(ValidationError):
        validated(point_sources["profile_matches"], {"conditions": {}})
