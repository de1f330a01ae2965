"""Back-tests as a marketer meets them: the form, the wait, the answer; and the command."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import expect

from contacts.models import Contact
from scoring import matching, publications
from scoring.backtests import running
from scoring.models import BackTest, PointGroup, Repeat
from tests.factories import UserFactory
from tests.scoring.conftest import subject
from tracking import inbox
from tracking.models import Event, Kind, Subject

pytestmark = pytest.mark.django_db
ADD = "/admin/scoring/backtest/add/"
LIST = "/admin/scoring/backtest/"
CUT = date(2026, 3, 31)


@pytest.fixture
def signed_in(client):
    """signed_in("view", "add"): a client of somebody who may do just that with back-tests."""

    def signed_in(*may):
        user = UserFactory()
        wanted = [*(f"{one}_backtest" for one in may), *(["view_contact"] if "add" in may else [])]
        user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def crowd(publish):
    """A hundred contacts at the end of March; those who read most ask for a demo most."""
    publish(10, repeat=Repeat.ALWAYS)
    guide, demo = subject("Guide"), subject("Demo", Subject.Type.FORM)
    matching.resolve_new()
    at = datetime(2026, 3, 20, 12, tzinfo=UTC)
    people = Contact.objects.bulk_create(
        [Contact(email=f"{number}@example.com", created_at=at - timedelta(days=99)) for number in range(100)]
    )
    inbox.ensure_months("tracking_event", [at.date().replace(day=1), date(2026, 4, 1)])
    events = []
    for number, contact in enumerate(people):
        read = {"kind": Kind.ASSET_DOWNLOADED, "subject": guide, "verdict": 1, "contact": contact}
        events += [Event(at=at - timedelta(days=day), **read) for day in range(number % 5)]
        if number % 5 > 2 or number % 20 == 0:
            asked = at + timedelta(days=20)
            events.append(Event(kind=Kind.FORM_SUBMITTED, subject=demo, verdict=1, contact=contact, at=asked))
    Event.objects.bulk_create(events)
    return demo


def question(**fields):
    return BackTest(**{"outcome": "form_submitted", "cutoff": CUT, "horizon_days": 30, **fields})


def answered(**fields):
    test = running.ask(question(**fields))
    while running.step(test.pk):
        pass
    test.refresh_from_db()
    return test


def page(test):
    return f"{LIST}{test.pk}/change/"


def posted(**fields):
    return {
        "outcome": "form_submitted",
        "params__type": "form_submitted",
        "cutoff": "2026-03-31",
        "horizon_days": "30",
        "conditions": "{}",
        **fields,
    }


# Asking


def test_the_form_asks_a_question(signed_in, crowd, engagement):
    client = signed_in("view", "add")
    form = client.get(ADD)
    assert form.context["adminform"].form.initial["cutoff"] == timezone.localdate() - timedelta(days=91)

    sent = client.post(ADD, posted(params__only=[str(crowd.pk)], group=engagement.pk, capacity="40", with_earlier="on"))
    test = BackTest.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, page(test))
    assert (test.outcome, test.params, test.cutoff, test.horizon_days, test.group, test.capacity) == (
        "form_submitted",
        {"only": [crowd.pk]},
        CUT,
        30,
        engagement,
        40,
    )
    assert (test.with_earlier, test.author.pk, list(test.books)) == (
        True,
        int(client.session["_auth_user_id"]),
        ["today"],
    )

    again = client.get(f"{ADD}?again={test.pk}").context["adminform"].form
    assert (again.initial["cutoff"], again.initial["capacity"]) == (CUT, 40)
    assert again.fields["params"].inner.initial == {"only": [crowd.pk]}


SCORED = json.dumps({"all": [{"filter": "score", "group": "overall", "op": "at_least", "value": 10}]})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"cutoff": "2999-01-01"}, "The cut-off date must lie in the past."),
        ({"cutoff": "0001-01-01"}, "This date is too long ago."),
        ({"cutoff": ""}, "This field is required."),
        ({"horizon_days": "1000"}, "These days are not over: choose at most"),
        ({"horizon_days": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"capacity": "0"}, "Ensure this value is greater than or equal to 1."),
        ({"conditions": SCORED}, "Scores cannot be asked here: they would be those of today."),
        ({"with_draft": "on"}, "There is nothing in the draft to compare with."),
        ({"outcome": "retired"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(signed_in, engagement, wrong, sentence):
    client = signed_in("view", "add")
    answer = client.post(ADD, posted(**wrong))
    assert (answer.status_code, BackTest.objects.count()) == (200, 0)
    assert sentence in answer.content.decode()


# The answer


def test_an_answer_tells_a_marketer_what_to_do(signed_in, crowd, engagement):
    publications.add(publications.open_draft(), "point_group", engagement.pk, {"half_life_days": 3})
    test = answered(group=engagement, capacity=40, with_draft=True, with_then=True)
    client = signed_in("view", "add")
    text = client.get(page(test)).content.decode()

    assert "Very good" in text
    assert "Of one who converted and one who did not, the first had the higher score in" in text
    assert "Would the score “Engagement” of March 31, 2026 have told who does this in the 30 days after it?" in text
    assert text.count('<rect x="') == 5
    assert "You said your sales team can call 40 leads a month: that is 39 in 30 days." in text
    for side in ("Today&#x27;s rules", "The rules in force then", "The draft"):
        assert f"<td>{side}</td>" in text
    assert "Use it for a trigger" not in text

    client.force_login(get_user_model().objects.create_superuser("ada"))
    text = client.get(page(test)).content.decode()
    assert f'"/admin/campaigns/trigger/add/?threshold=30.00&amp;direction=rising&amp;group={engagement.pk}"' in text


def test_rates_stand_below_the_scores_where_no_line_crosses_them(signed_in, crowd):
    text = signed_in("view").get(page(answered())).content.decode()
    rates = re.findall(r'<text class="is-rate" x="[^"]+" y="(\d+)" dy="(\d+)">', text)
    (floor,), (height,) = (
        re.findall(what, text)
        for what in (r'class="is-axis"[^>]* y1="(\d+)"', r'backtest-chart" viewBox="0 0 \d+ (\d+)"')
    )

    assert set(rates) == {(floor, "36")}
    assert int(floor) + 36 < int(height)


def test_too_few_outcomes_are_refused_on_the_page(signed_in, crowd):
    test = answered(params={"only": [crowd.pk + 1]})
    text = signed_in("view").get(page(test)).content.decode()
    assert "Too early to tell" in text
    assert "0 contacts converted; at least 20 are needed." in text
    assert ("Which threshold to choose" in text, "Ask again" in text) == (False, False)


def test_no_threshold_is_offered_where_too_few_converted(client, crowd):
    test = answered(params={"only": [crowd.pk + 1]})
    client.force_login(get_user_model().objects.create_superuser("ada"))
    text = client.get(page(test)).content.decode()

    assert "Too few converted to choose a threshold by it." in text
    assert "campaigns/trigger/add/" not in text.split("What each threshold would have passed to sales")[1]


def test_a_day_on_which_nobody_was_there_says_why(signed_in, engagement):
    text = signed_in("view").get(page(answered(cutoff=date(2020, 1, 1)))).content.decode()
    assert "Nobody was there to look at" in text


def test_progress_is_told_and_a_back_test_can_be_stopped(signed_in, crowd):
    test = running.ask(question())
    client = signed_in("view", "add")
    status = f"{LIST}{test.pk}/status/"
    assert client.get(status).json() == {"going": True, "percent": 0, "sentence": "It begins in a moment."}
    running.step(test.pk, size=40)
    assert client.get(status).json() == {"going": True, "percent": 40, "sentence": "40 of 100 contacts"}
    running.step(test.pk, size=60)
    assert client.get(status).json()["sentence"] == "All contacts are seen; the answer is being computed."

    assert client.get(f"{LIST}{test.pk}/stop/").status_code == 302
    test.refresh_from_db()
    assert test.state == "running"
    client.post(f"{LIST}{test.pk}/stop/")
    test.refresh_from_db()
    assert test.state == "cancelled"
    assert "Stopped" in client.get(page(test)).content.decode()


def test_a_failure_stands_on_the_page(signed_in, crowd):
    test = answered(outcome="retired")
    assert "Unknown type: retired" in signed_in("view").get(page(test)).content.decode()


def test_who_may_do_what(signed_in, crowd):
    test = running.ask(question())
    nobody = [signed_in().get(address).status_code for address in (LIST, ADD, page(test), f"{LIST}{test.pk}/status/")]
    assert nobody == [403, 403, 403, 403]
    reader = signed_in("view")
    assert [reader.get(address).status_code for address in (LIST, page(test))] == [200, 200]
    assert reader.get(ADD).status_code == reader.post(ADD, posted()).status_code == 403
    assert reader.post(f"{LIST}{test.pk}/stop/").status_code == 403
    assert (BackTest.objects.count(), BackTest.objects.get().state) == (1, "waiting")
    assert [reader.get(f"{LIST}{wrong}/change/").status_code for wrong in ("999", "x")] == [404, 404]


def test_names_are_shown_as_names(signed_in, crowd):
    group = PointGroup.objects.create(name="<script>alert(1)</script>")
    Subject.objects.filter(pk=crowd.pk).update(name="<img src=x>")
    test = answered(group=group, params={"only": [crowd.pk]})
    client = signed_in("view")
    for address in (LIST, page(test)):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x>" not in text
        assert "&lt;img src=x&gt;" in text


def test_the_list_tells_each_verdict_in_a_fixed_number_of_queries(signed_in, crowd, engagement):
    client = signed_in("view", "add")

    def queries():
        with CaptureQueriesContext(connection) as seen:
            text = client.get(LIST).content.decode()
        assert "Submits a form: Demo" in text
        assert "Very good" in text
        return len(seen)

    answered(params={"only": [crowd.pk]}, group=engagement, author=UserFactory())
    first = queries()
    for _ in range(2):
        answered(params={"only": [crowd.pk]}, group=engagement, author=UserFactory())
    assert queries() == first


# The command


def run(*arguments):
    out = StringIO()
    call_command("backtest", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_answers_in_words(crowd, engagement):
    publications.add(publications.open_draft(), "point_group", engagement.pk, {"half_life_days": 3})
    said = run(
        "--outcome=form_submitted:Demo",
        "--cutoff=2026-03-31",
        "--horizon=30",
        "--score=engagement",
        "--draft",
        "--capacity=50",
    )
    assert said.startswith("Submits a form: Demo\nWould the score “Engagement” of March 31, 2026 have told")
    assert "Very good. The score separates very well" in said
    assert "The draft: Very good (AUC " in said
    assert "The best use of your sales team: 30." in said


def test_the_command_answers_programs(crowd):
    said = json.loads(run("--outcome=form_submitted", "--cutoff=2026-03-31", "--horizon=30", "--json"))
    assert (said["outcome"], said["cutoff"], said["score"], said["contacts"]) == (
        "form_submitted",
        "2026-03-31",
        None,
        100,
    )
    assert said["reports"]["today"]["verdict"]["worth"] == "very_good"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--outcome=walked_by"], "Unknown type: walked_by"),
        (["--outcome=form_submitted:Nowhere"], "There is no “Nowhere”. There are: Demo."),
        (["--outcome=stage_reached"], "Say which. There are: –."),
        (["--outcome=stage_reached:Client"], "There is no “Client”. There are: –."),
        (["--outcome=form_submitted", "--cutoff=2999-01-01"], "must lie in the past"),
        (["--outcome=form_submitted", "--horizon=0"], "greater than or equal to 1"),
        (["--outcome=form_submitted", "--score=Fame"], "There is no point group “Fame”. There are: Engagement."),
        (["--outcome=form_submitted", "--draft"], "nothing in the draft"),
    ],
)
def test_the_command_refuses_with_a_sentence(crowd, arguments, sentence):
    defaults = {"--cutoff": "--cutoff=2026-03-31", "--horizon": "--horizon=30"}
    given = {argument.partition("=")[0] for argument in arguments}
    with pytest.raises(CommandError, match=sentence):
        run(*arguments, *[value for name, value in defaults.items() if name not in given])
    assert BackTest.objects.count() == 0


def test_the_command_asks_which_of_two_groups_is_meant(crowd, engagement):
    PointGroup.objects.create(name="ENGAGEMENT")

    with pytest.raises(CommandError, match="“engagement” may be any of these point groups: "):
        run("--outcome=form_submitted", "--cutoff=2026-03-31", "--horizon=30", "--score=engagement")
    assert BackTest.objects.count() == 0


# In a browser


@pytest.mark.django_db(transaction=True)
def test_a_marketer_asks_waits_and_makes_a_trigger_of_the_answer(chromium, live_server, crowd):
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("ada"))
    context = chromium.new_context()
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    tab = context.new_page()
    tab.goto(f"{live_server.url}{LIST}")
    tab.goto(f"{live_server.url}{ADD}")
    tab.get_by_label("What you hope contacts will do").select_option("form_submitted")
    expect(tab.get_by_text("Which forms")).to_be_visible()
    tab.get_by_label("Cut-off date").fill("2026-03-31")
    tab.get_by_label("Days to convert").fill("30")
    tab.get_by_role("button", name="Run the back-test").click()
    expect(tab.get_by_text("It begins in a moment.")).to_be_visible()

    while running.step():
        pass
    expect(tab.get_by_role("heading", name="Very good")).to_be_visible(timeout=10_000)
    expect(tab.get_by_role("img", name="Conversion by score band")).to_be_visible()
    tab.get_by_role("link", name="Use it for a trigger").first.click()
    expect(tab.get_by_label("Threshold")).to_have_value("30.00")
    context.close()


def test_whoever_may_not_read_contacts_may_not_ask_about_them(client):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_backtest", "add_backtest"]))
    client.force_login(user)

    assert client.get(f"{LIST}add/").status_code == 403
