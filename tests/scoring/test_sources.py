"""Point sources: one contract for all of them, and the addresses people write."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from contacts.models import Contact
from contacts.typed_params import validated
from scoring import rules
from scoring.models import PointAction, PointEntry, Repeat
from scoring.sources import point_sources
from scoring.sources.addresses import AddressesField, matching, parse
from scoring.sources.base import ChosenSubjects, EventSource, ProfileSource
from scoring.sources.clicks import ClickSource
from scoring.wording import sentence
from tests.factories import FormFactory, FormFieldFactory, SubjectFactory
from tests.scoring.conftest import happen, lines, score, score_waiting, subject
from tracking import pages
from tracking.models import Kind, Subject

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def everything_allowed(settings):
    settings.CONSENT_REQUIRED = []


@pytest.fixture
def ada():
    return Contact.objects.create(email="ada@example.com", country="FR")


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


def link(key, message, path):
    return subject(key, Subject.Type.LINK, parent=message, host="shop.example", path=path)


def page(url):
    made = pages.page(url)
    made.save()
    return made


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


# --- the contract ------------------------------------------------------------------------------------------------------


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


# --- addresses ---------------------------------------------------------------------------------------------------------

PAGES = [
    "https://shop.example/",
    "https://www.shop.example/pricing/?utm_source=mail",
    "http://shop.example/pricing/teams",
    "https://shop.example/blog",
    "https://shop.example/blog/one",
    "https://shop.example/blogger",
    "https://fr.shop.example/pricing",
    "https://other.example/pricing",
    "https://notshop.example/pricing",
    "https://shop.example/100%25_sure",
    "https://shop.example/a.b",
    "https://shop.example/aXb",
    "https://xn--bcher-kva.example/caf%C3%A9",
]


@pytest.fixture
def site():
    return [page(url) for url in PAGES]


@pytest.mark.parametrize(
    ("case", "pattern", "expected"),
    [
        ("a host is its whole site", "shop.example", {0, 1, 2, 3, 4, 5, 9, 10, 11}),
        ("so it is with a slash", "shop.example/", {0, 1, 2, 3, 4, 5, 9, 10, 11}),
        ("www. makes no difference", "www.shop.example/pricing", {1}),
        ("nor does the scheme", "http://shop.example/pricing", {1}),
        ("nor do capitals of the host", "SHOP.example/pricing", {1}),
        ("nor does a final slash", "shop.example/pricing/", {1}),
        ("nor do query and fragment", "https://shop.example/pricing?utm_campaign=x&y=https://z.example#top", {1}),
        ("everything under a path, and it", "shop.example/blog/*", {3, 4}),
        ("everything that begins so", "shop.example/blog*", {3, 4, 5}),
        ("stars in the middle", "shop.example/p*g/t*s", {2}),
        ("a host and its subdomains", "*.shop.example/pricing", {1, 6}),
        ("all subdomains, all paths", "*.shop.example", {0, 1, 2, 3, 4, 5, 6, 9, 10, 11}),
        ("a path on any site", "/pricing", {1, 6, 7, 8}),
        ("the home page on any site", "/", {0}),
        ("a path and below on any site", "/blog/*", {3, 4}),
        ("anything at all", "/*", set(range(len(PAGES)))),
        ("a point is a point", "shop.example/a.b", {10}),
        ("a point is a point beside a star", "shop.example/*a.b", {10}),
        ("per cent and underscore are themselves", "shop.example/100%_s*", {9}),
        ("as are the other characters of patterns", "shop.example/(a|b)+[c]{2}\\d?^$*", set()),
        ("a host as people read it", "bücher.example/café", {12}),
        ("and as browsers write it", "xn--bcher-kva.example/caf%C3%A9", {12}),
    ],
)
def test_an_address_matches_the_pages_a_person_would_expect(site, case, pattern, expected):
    found = Subject.objects.filter(matching([pattern]))

    assert {site.index(one) for one in found} == expected


@pytest.mark.parametrize(
    ("case", "pattern"),
    [
        ("empty host", "https:///pricing"),
        ("words", "our pricing page"),
        ("a mail", "mailto:ada@example.com"),
        ("a script", "javascript:alert(1)"),
        ("another scheme", "ftp://shop.example/"),
        ("a star in the host", "sh*p.example"),
        ("only a star", "*"),
        ("an unfinished address of six parts", "http://[::1"),
        ("two dots", "shop..example"),
        ("a very long host", "a" * 10_000 + ".example"),
        ("a very long path", "shop.example/" + "a" * 10_000),
        ("a great many stars", "shop.example/" + "*a" * 400),
        ("a NUL", "shop.example/a\x00b"),
    ],
)
def test_what_is_no_address_is_refused_by_the_form_and_matches_nothing(site, case, pattern):
    with pytest.raises(ValidationError):
        AddressesField().clean(pattern)

    assert list(Subject.objects.filter(matching([pattern]))) == []


def test_several_addresses_match_what_any_of_them_matches(site):
    patterns = AddressesField().clean(" shop.example/pricing \n\n/blog\n")

    assert patterns == ["shop.example/pricing", "/blog"]
    assert {site.index(one) for one in Subject.objects.filter(matching(patterns))} == {1, 3}


def test_as_many_addresses_are_taken_as_the_database_can_be_asked_for_at_once(site):
    most = [f"shop.example/{number}" for number in range(500)]
    assert AddressesField().clean("\n".join(most)) == most
    assert not Subject.objects.filter(matching(most)).exists()

    with pytest.raises(ValidationError, match="There are more than 500 lines."):
        AddressesField().clean("\n".join([*most, "one.example"]))


def test_addresses_are_shown_again_as_they_were_typed():
    assert AddressesField().prepare_value(["a.example", "/b"]) == "a.example\n/b"


@pytest.mark.parametrize("hostile", ["%00", "%0A", "\udc80", "%FF%FE", "💥", "'; --", "\\", "%", "_", "../..", "%2F"])
def test_any_path_a_browser_may_send_becomes_a_page_that_its_own_address_finds(hostile, ada, publish):
    url = f"https://shop.example/x{hostile}y"
    publish(5, source="page_visited", params={"addresses": ["shop.example/x*"]})
    happen(ada, Kind.PAGE_VISITED, url=url)
    score_waiting()

    assert score(ada) == 5
    made = Subject.objects.get(type=Subject.Type.PAGE)
    assert list(Subject.objects.filter(matching([f"{made.host}{made.path}"]))) == [made]


@pytest.mark.parametrize("pattern", ["mail.example/offer", "*.example/offer", "/offer", "mail.example/off*"])
@pytest.mark.parametrize(("source", "type"), [("email_clicked", "email"), ("sms_clicked", "sms")])
def test_clicks_are_chosen_by_message_and_by_where_the_link_leads(ada, publish, source, type, pattern):
    kind = point_sources[source].kind
    news, other = (SubjectFactory(type=type) for _ in range(2))
    links = [
        subject("1", Subject.Type.LINK, parent=news, host="mail.example", path="/offer"),
        subject("2", Subject.Type.LINK, parent=news, host="mail.example", path="/imprint"),
        subject("3", Subject.Type.LINK, parent=other, host="mail.example", path="/offer"),
    ]
    publish(1, source=source, params={"only": [news.pk]}, repeat=Repeat.ALWAYS)
    publish(10, source=source, params={"addresses": [pattern]}, repeat=Repeat.ALWAYS)
    publish(100, source=source, params={"only": [news.pk], "addresses": [pattern]}, repeat=Repeat.ALWAYS)
    for one in links:
        happen(ada, kind, one, AT)
    score_waiting()

    assert score(ada) == 2 * 1 + 2 * 10 + 1 * 100


def test_a_link_of_an_email_is_none_of_an_sms():
    link = subject("1", Subject.Type.LINK, parent=SubjectFactory(type="email"), host="a.example", path="/")

    assert list(point_sources["email_clicked"].subjects({})) == [link]
    assert list(point_sources["sms_clicked"].subjects({})) == []


# --- answers ----------------------------------------------------------------------------------------------------------


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


def test_parse_tells_host_and_path_apart():
    assert parse("*.Example.com/a/") == ("*.example.com", "/a")
    assert parse("/a/*") == ("", "/a/*")
    assert parse("//") is None
