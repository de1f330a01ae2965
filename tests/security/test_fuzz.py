"""A small share of `make fuzz`, and that no public address is left out of it."""

import subprocess
import sys

import pytest

from campaigns import urls as campaigns
from tests.security.fuzz import right, shapes
from tracking import urls as tracking


def test_every_public_address_is_sent_to():
    for app in (tracking, campaigns):
        assert {one.name for one in app.urlpatterns if one.name} == right.COVERED[app.app_name]


def test_a_request_of_a_seed_is_always_the_same():
    content = {"opens": ["/a", "/b"], "clicks": ["/a", "/b"]}
    made = [shapes.build("7", number, content)[1].raw() for number in (0, 1, 2, 3) for _again in range(2)]

    assert made[::2] == made[1::2]


@pytest.mark.slow
def test_a_thousand_requests_break_nothing():
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.fuzz", "--requests", "1100", "--processes", "2"],
        capture_output=True,
        text=True,
        timeout=540,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "No 5xx, nothing lost, no traceback, memory bounded." in done.stdout
