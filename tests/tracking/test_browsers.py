import pytest
from django.test import RequestFactory

from tracking import browsers


@pytest.mark.parametrize(
    ("address", "shortened"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("unix:", None),
        ("", None),
    ],
)
def test_an_address_loses_its_last_part(address, shortened):
    assert browsers.shortened_ip(RequestFactory().get("/", REMOTE_ADDR=address)) == shortened


@pytest.mark.parametrize(
    ("proxies", "header", "shortened"),
    [
        (0, "198.51.100.9", "203.0.113.0"),  # nobody is trusted: the header is hearsay
        (1, "6.6.6.6, 198.51.100.9", "198.51.100.0"),
        (2, "6.6.6.6, 198.51.100.9, 192.0.2.1", "198.51.100.0"),
        (2, "198.51.100.9", "198.51.100.0"),
        (1, "", "203.0.113.0"),
        (1, "nonsense", None),
    ],
)
def test_forwarded_addresses_are_believed_as_far_as_our_own_proxies_go(settings, proxies, header, shortened):
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.77", headers={"x-forwarded-for": header})

    assert browsers.shortened_ip(request) == shortened


@pytest.mark.parametrize("value", [None, "", "x", "1" * 36, 7, "1f0e1a527a8e4f4c9d5a0d7d6b1f2a3c"])
def test_a_visitor_id_that_is_none_is_nobody(value):
    assert browsers.as_uuid(value) is None


def test_the_browser_of_a_site_on_our_own_host_is_known_by_the_cookie_of_its_script(rf):
    request = rf.get("/f/form")
    request.COOKIES["bareme_visitor"] = "0b0e7a3c-3f3e-4b0e-9d0a-8f4a4f6f2a11"

    assert str(browsers.visitor_id(request)) == "0b0e7a3c-3f3e-4b0e-9d0a-8f4a4f6f2a11"


def test_our_own_cookie_comes_first(rf):
    request = rf.get("/f/form")
    request.COOKIES["bareme_visitor"] = "0b0e7a3c-3f3e-4b0e-9d0a-8f4a4f6f2a11"
    request.COOKIES["bareme_browser"] = "1c1f8b4d-4a4f-4c1f-8e1b-9a5b5a7a3b22"

    assert str(browsers.visitor_id(request)) == "1c1f8b4d-4a4f-4c1f-8e1b-9a5b5a7a3b22"
