"""Spam: robots are slowed down and kept aside, a whole office is not punished, and nothing of a person is lost."""

import hashlib
import time

import pytest
import time_machine
from redis.exceptions import ConnectionError as RedisAway

from tests.factories import FormFieldFactory
from tests.threads import at_once
from tracking import apikeys, held, nonces
from tracking.hits import NewHit
from tracking.models import ApiKey, HeldSubmission, Hit, Kind

JSON = {"accept": "application/json"}


@pytest.fixture
def post(client, form, nonce):
    FormFieldFactory(form=form, key="name", contact_field="last_name")
    FormFieldFactory(form=form, key="message", type="textarea")

    def post(number=1, seconds=60, **values):
        values = {"bareme_nonce": nonce(form, seconds), "email": f"a{number}@example.com", **values}
        return client.post(f"/f/{form.public_id}", values, headers=JSON)

    return post


def reasons():
    return list(HeldSubmission.objects.order_by("id").values_list("reasons", flat=True))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"bareme_fax": "1"}, ["honeypot"]),
        ({"message": "See https://a.example/, http://b.example www.c.example https://d.example"}, ["links"]),
        ({"message": "[url=http://a.example]x[/url]"}, ["links"]),
        ({"message": "<a href=http://a.example>x</a>"}, ["links"]),
        ({"name": "Win 1000 https://a.example"}, ["name"]),
    ],
)
def test_what_looks_like_spam_is_thanked_and_kept_aside_with_its_reasons(post, values, why):
    response = post(**values)

    assert (response.status_code, response.json()["title"]) == (200, "Thank you!")
    assert (reasons(), Hit.objects.count()) == ([why], 0)


@pytest.mark.parametrize(
    "values",
    [
        {"message": "Our site is https://a.example and the shop https://b.example."},
        {"message": "a < b and [sic] & so on"},
        {"name": "d'Été-Müller"},
    ],
)
def test_what_people_write_is_not_spam(post, values):
    assert (post(**values).status_code, reasons(), Hit.objects.count()) == (200, [], 1)


def test_an_office_may_send_many_then_they_are_kept_aside_and_a_flood_is_refused(post, settings, monkeypatch):
    monkeypatch.setattr("tracking.crowding.BUSY", 3)
    settings.FORM_POSTS_PER_NETWORK = 5

    statuses = [post(number).status_code for number in range(7)]

    assert statuses == [200] * 5 + [429] * 2
    assert (Hit.objects.count(), reasons()) == (3, [["busy"]] * 2)


def test_what_we_refuse_holds_nobody_back(post, client, form, monkeypatch):
    monkeypatch.setattr("tracking.crowding.BUSY", 3)
    for number in range(10):
        assert post(number, email="wrong").status_code == 422
        assert post(number, bareme_nonce="forged").status_code == 422

    assert (post(1).status_code, Hit.objects.count(), reasons()) == (200, 1, [])


def test_who_goes_on_sending_what_is_refused_is_told_to_wait_and_others_there_are_not(post, client, monkeypatch):
    monkeypatch.setattr("tracking.crowding.MAX_REFUSED", 5)

    answers = [post(number, email="wrong") for number in range(7)]

    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 2
    assert answers[-1]["Retry-After"] == "600"
    assert (post(1).status_code, Hit.objects.count()) == (200, 1)  # what is right is right
    client.defaults["HTTP_USER_AGENT"] = "Another browser of the office"
    assert post(2, email="wrong").status_code == 422


def test_a_browser_that_sends_too_much_does_not_punish_its_office(post, client, settings, monkeypatch):
    monkeypatch.setattr("tracking.crowding.BUSY", 3)
    settings.FORM_POSTS_PER_NETWORK = 5
    client.defaults["HTTP_USER_AGENT"] = "Hammer/1.0"
    assert [post(number).status_code for number in range(20)] == [200] * 5 + [429] * 15

    client.defaults["HTTP_USER_AGENT"] = "A colleague's browser"

    assert [post(100).status_code, post(101).status_code] == [200, 200]
    assert (Hit.objects.count(), reasons()) == (5, [["busy"]] * 2)


def test_two_hundred_people_of_an_office_in_an_hour_are_taken_with_their_mistakes(post):
    """All of them with the browser that the company installs, each sending something wrong first."""
    now = time.time()
    statuses = []
    for number in range(200):
        with time_machine.travel(now + 18 * number, tick=False):
            statuses += [post(number, email="wrong").status_code, post(number).status_code]

    assert statuses == [422, 200] * 200
    assert (Hit.objects.count(), reasons()) == (200, [])


def test_another_network_and_another_form_are_counted_for_themselves(post, client, settings):
    settings.FORM_POSTS_PER_NETWORK = 1
    assert [post(1).status_code, post(2).status_code] == [200, 429]
    client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    assert post(3).status_code == 200
    settings.FORM_POSTS_PER_NETWORK = 0
    assert post(4).status_code == 200


def test_with_redis_away_nobody_waits_and_the_process_counts_for_itself(post, settings, monkeypatch):
    def away(*args):
        raise RedisAway("refused")

    monkeypatch.setattr("tracking.ratelimits.Redis.eval", away)
    settings.FORM_POSTS_PER_NETWORK = 2

    assert [post(number).status_code for number in range(3)] == [200, 200, 429]


def test_one_drawing_is_not_sent_again_and_again(client, form, nonce):
    drawn = nonce(form)
    answers = [
        client.post(f"/f/{form.public_id}", {"bareme_nonce": drawn, "email": f"a{n}@example.com"}, headers=JSON)
        for n in range(12)
    ]

    assert [answer.status_code for answer in answers] == [200] * 10 + [422] * 2
    assert "once more" in answers[-1].json()["error"]


# The small calculation


def worked(nonce):
    number = 0
    while hashlib.sha256(f"{nonce}:{number}".encode()).hexdigest()[:3] != "000":
        number += 1
    return str(number)


@pytest.fixture
def working(form):
    form.proof_of_work = True
    form.save()
    return form


@pytest.mark.parametrize(("seconds", "works", "status"), [(2, True, 200), (2, False, 422), (6, False, 200)])
def test_who_calculated_is_trusted_sooner(post, working, nonce, seconds, works, status):
    drawn = nonce(working, seconds)

    assert post(bareme_nonce=drawn, bareme_work=worked(drawn) if works else "7").status_code == status


def test_a_calculation_is_good_for_its_own_nonce(form, nonce):
    one, other = nonce(form), nonce(form)
    number = worked(one)

    assert nonces.is_worked(one, number) is True
    assert [nonces.is_worked(one, text) for text in ("", "x", "-1", "٣", "9" * 50, " 1")] == [False] * 6
    assert nonces.is_worked(other, number) is (hashlib.sha256(f"{other}:{number}".encode()).hexdigest()[:3] == "000")


def test_who_calculated_may_come_from_a_busy_network(post, working, nonce, monkeypatch):
    monkeypatch.setattr("tracking.crowding.BUSY", 0)
    drawn = nonce(working)

    post(1, bareme_nonce=drawn, bareme_work=worked(drawn))
    post(2)

    assert (Hit.objects.count(), reasons()) == (1, [["busy"]])


def test_plain_html_of_such_a_form_asks_for_one_more_press_on_our_page(client, working):
    response = client.post(
        f"/f/{working.public_id}", {"bareme_token": nonces.form_token(working), "email": "a@b.example"}
    )

    assert (response.status_code, "so that we know it is you" in response.text) == (422, True)
    assert ('value="a@b.example"' in response.text, 'name="bareme_nonce"' in response.text) == (True, True)


# What is kept aside


def test_what_is_let_in_is_what_it_would_have_been(post, client):
    post(bareme_fax="1", bareme_visitor="1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c", bareme_page="https://a.example/x")
    row = HeldSubmission.objects.get()

    assert [held.accept(HeldSubmission.objects.all()), held.accept(HeldSubmission.objects.all())] == [1, 0]

    hit = Hit.objects.get()
    assert (hit.key, hit.at, str(hit.visitor_id)) == (row.key, row.at, "1f0e1a52-7a8e-4f4c-9d5a-0d7d6b1f2a3c")
    assert (hit.url, hit.ip, hit.data["answers"]["email"]) == ("https://a.example/x", "127.0.0.0", "a1@example.com")


def test_the_same_spam_twice_is_held_once_and_a_flood_of_it_is_dropped(post, form, nonce, monkeypatch):
    monkeypatch.setattr("tracking.held.MAX_A_DAY", 2)
    drawn = nonce(form)
    for _ in range(2):
        post(bareme_fax="1", bareme_nonce=drawn)
    assert len(reasons()) == 1

    statuses = [post(number, bareme_fax="1").status_code for number in range(2, 5)]

    assert (statuses, len(reasons())) == ([200] * 3, 2)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_let_the_same_in_let_it_in_once(form):
    hit = NewHit(kind=Kind.FORM_SUBMITTED, data={"form": form.pk, "answers": {}})
    at_once(lambda number: held.hold(form, hit, ["links"]), 2)
    assert HeldSubmission.objects.count() == 1

    counts = at_once(lambda number: held.accept(HeldSubmission.objects.all()), 2)

    assert (sorted(counts), Hit.objects.count(), HeldSubmission.objects.count()) == ([0, 1], 1, 0)


def test_a_server_of_ours_with_a_key_is_neither_limited_nor_held(client, working, settings):
    key = ApiKey(name="Shop")
    headers = {**JSON, "authorization": f"Bearer {apikeys.issue(key)}"}
    values = {"bareme_token": nonces.form_token(working), "email": "a@b.example", "bareme_fax": "1"}
    settings.FORM_POSTS_PER_NETWORK = 1

    statuses = [
        client.post(f"/f/{working.public_id}", values | {"email": f"{n}@b.example"}, headers=headers) for n in "123"
    ]
    wrong = client.post(f"/f/{working.public_id}", values, headers={**JSON, "authorization": "Bearer bm_x"})

    assert [answer.status_code for answer in statuses] == [200] * 3
    assert (Hit.objects.count(), HeldSubmission.objects.count(), wrong.status_code) == (3, 0, 422)
