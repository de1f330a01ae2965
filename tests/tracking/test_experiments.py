import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from config.pipeline import drain
from tests.factories import FormFactory, LandingPageFactory
from tracking import experiments, statistics
from tracking.experiments import NotPossible
from tracking.models import Event, Kind, PageTest, PageVariant, Visitor
from tracking.sections import new_row

PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
ROBOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"


@pytest.fixture
def page(form):
    return LandingPageFactory(slug="offer", form=form, sections=[new_row("hero", heading="First words")])


@pytest.fixture
def trial(page):
    trial = experiments.draft(page, "Words")
    PageVariant.objects.filter(test=trial, letter="B").update(sections=[new_row("hero", heading="Other words")])
    return trial


def words(response):
    return "B" if "Other words" in response.text else "A"


def test_a_visitor_sees_one_variant_always_and_shares_are_kept(trial):
    PageVariant.objects.filter(test=trial, letter="B").update(weight=3)
    variants = list(trial.variants.all())
    visitors = [uuid.UUID(int=number) for number in range(4000)]
    letters = [experiments.shown(variants, visitor).letter for visitor in visitors]

    assert letters == [experiments.shown(variants, visitor).letter for visitor in visitors]
    assert 2900 < letters.count("B") < 3100
    assert experiments.shown(variants, None) is None
    assert experiments.shown([], visitors[0]) is None


def test_a_test_counts_visitors_once_and_whoever_sends_the_form_after(client, trial, page, form, nonce, free):
    experiments.start(trial)
    client.cookies.clear()
    first = client.get("/p/offer", headers={"user-agent": PERSON})
    again = client.get("/p/offer", headers={"user-agent": PERSON})
    client.post("/p/offer", {"bareme_nonce": nonce(form), "email": "ada@example.com"}, headers={"user-agent": PERSON})
    client.cookies.clear()
    client.get("/p/offer", headers={"user-agent": ROBOT})
    client.cookies.clear()
    nobody = [client.get("/p/offer", headers={"user-agent": PERSON, "sec-gpc": "1"}) for _visit in range(5)]
    drain()

    assert words(first) == words(again)
    assert {words(response) for response in nobody} == {"A"}
    counted = {variant.letter: (tally.visitors, tally.converted) for variant, tally in statistics.tallies(trial)}
    assert counted == {words(first): (1, 1), ({"A", "B"} - {words(first)}).pop(): (0, 0)}
    visits = Event.objects.filter(kind=Kind.LANDING_PAGE_VISITED, verdict__lt=2).values_list(
        "data__test", "data__variant"
    )
    assert set(visits) == {(trial.pk, words(first))}


def test_a_form_sent_before_the_visit_does_not_count(client, trial, form, nonce, free):
    visitor = Visitor.objects.create()
    client.cookies["bareme_browser"] = str(visitor.pk)
    client.post("/p/offer", {"bareme_nonce": nonce(form), "email": "ada@example.com"}, headers={"user-agent": PERSON})
    drain()
    experiments.start(trial)
    client.get("/p/offer", headers={"user-agent": PERSON})
    drain()

    assert sorted((tally.visitors, tally.converted) for _variant, tally in statistics.tallies(trial)) == [
        (0, 0),
        (1, 0),
    ]


def test_where_consent_is_required_nobody_without_takes_part(client, trial, settings):
    settings.CONSENT_REQUIRED = ["web_tracking"]
    experiments.start(trial)

    seen = {words(client.get("/p/offer", headers={"user-agent": PERSON})) for _visit in range(24)}
    drain()

    assert (seen, client.cookies.keys() - {"csrftoken"}) == ({"A", "B"}, set())  # whoever says yes keeps what they saw
    assert not Event.objects.filter(data__has_key="variant").exists()
    client.cookies["bareme_consent"] = "denied"
    assert {words(client.get("/p/offer", headers={"user-agent": PERSON})) for _visit in range(8)} == {"A"}


def test_what_is_kept_is_what_all_see(client, trial, page):
    experiments.start(trial)
    experiments.stop(trial, "B")

    assert words(client.get("/p/offer")) == "B"
    assert PageTest.objects.get().kept == "B"
    with pytest.raises(NotPossible):
        experiments.stop(trial, "A")


def test_a_running_test_does_not_change(trial):
    experiments.start(trial)
    variant = PageVariant.objects.get(test=trial, letter="B")

    with pytest.raises(ValueError, match="does not change"):
        variant.save()
    with pytest.raises(NotPossible):
        experiments.add_variant(PageTest.objects.get())
    with pytest.raises(NotPossible):
        experiments.start(PageTest.objects.get())


def test_a_test_needs_a_form_and_two_variants(trial, page):
    PageVariant.objects.filter(test=trial, letter="B").update(weight=0)
    with pytest.raises(NotPossible, match="two variants"):
        experiments.start(trial)
    bare = experiments.draft(LandingPageFactory(form=None), "Bare")
    with pytest.raises(NotPossible, match="needs a form"):
        experiments.start(bare)


@pytest.mark.django_db(transaction=True)
def test_two_tests_of_one_page_started_at_once_are_one():
    page = LandingPageFactory(form=FormFactory())
    tests = [experiments.draft(page, name) for name in ("One", "Two")]

    def start(trial):
        try:
            experiments.start(trial)
        except NotPossible:
            return "refused"
        finally:
            connections.close_all()
        return "started"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(start, tests)) == ["refused", "started"]
