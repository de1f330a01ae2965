"""What the machinery of an operator asks."""

import pytest


def test_live_needs_nothing(client):
    answer = client.get("/healthz/live")

    assert (answer.status_code, answer.content) == (200, b"alive\n")


@pytest.mark.django_db
def test_ready_when_both_servers_answer(client):
    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "valkey": "ok"})


@pytest.mark.django_db
def test_not_ready_names_the_part_that_is_away(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock"

    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()) == (503, {"database": "ok", "valkey": "away"})
