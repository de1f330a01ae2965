"""What the machinery of an operator asks."""

import pytest

from tracking.edge.line_sql import Away
from tracking.edge.spool import Spool


def test_live_needs_nothing(client):
    answer = client.get("/healthz/live")

    assert (answer.status_code, answer.content) == (200, b"alive\n")


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    settings.SPOOL_ROOT = tmp_path


@pytest.mark.django_db
def test_ready_when_both_servers_answer(client):
    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "valkey": "ok", "spool": "empty"})


@pytest.mark.django_db
def test_hits_that_wait_on_disk_are_told_and_are_no_trouble(client, tmp_path):
    Spool(tmp_path, 1000).append(b"[]", 0)

    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()["spool"]) == (200, "66 bytes wait")


@pytest.mark.django_db
def test_a_spool_that_cannot_be_written_is_told(client, settings, tmp_path):
    settings.SPOOL_ROOT = tmp_path / "file" / "spool"
    (tmp_path / "file").write_text("in the way")

    assert client.get("/healthz/ready").json()["spool"] == "cannot be written"


def test_not_ready_when_the_database_does_not_answer(client, monkeypatch):
    def away(limit):
        raise Away("gone")

    monkeypatch.setattr("config.health.Line", away)

    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()["database"]) == (503, "away")


@pytest.mark.django_db
def test_not_ready_names_the_part_that_is_away(client, settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing.sock"

    answer = client.get("/healthz/ready")

    assert (answer.status_code, answer.json()) == (503, {"database": "ok", "valkey": "away", "spool": "empty"})
