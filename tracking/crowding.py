"""How much came from where lately: a browser that hammers is slowed down, the office it stands in is not."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tracking import browsers, ratelimits
from tracking.models import Form
from tracking.payload import Refused

WINDOW_SECONDS = 600
BUSY = 60  # posts that were right of one form from one browser: a full meeting room with one tablet, and more
MAX_REFUSED = 60  # posts that were wrong: then the sentences about what is wrong are saved


def refused(request: HttpRequest, form: Form) -> None:
    """Count a post that is refused. Refuses to look at further ones of a browser that goes on and on (429).

    Wrong posts hold nobody's right ones back, not even those of the same browser.
    """
    network = browsers.shortened_ip(request)
    if network and ratelimits.count(WINDOW_SECONDS, "wrong", form.pk, *_browser(request, network)) > MAX_REFUSED:
        raise _too_much()


def taken(request: HttpRequest, form: Form) -> bool:
    """Count a post that is right. Is its browser busy? Far too many from it or its network are refused (429).

    What a busy browser sends on top is not counted as its network's, so the others there are not held back for it.
    """
    network = browsers.shortened_ip(request)
    if not network:
        return False
    limit = settings.FORM_POSTS_PER_NETWORK
    posts = ratelimits.count(WINDOW_SECONDS, "post", form.pk, *_browser(request, network))
    is_busy = posts > BUSY
    if limit and not is_busy:
        posts = ratelimits.count(WINDOW_SECONDS, "post", form.pk, network)
    if limit and posts > limit:
        raise _too_much()
    return is_busy


def _browser(request: HttpRequest, network: str) -> tuple[str, str]:
    """As far as one can be told from others that keep nothing: by what it calls itself, and where it is."""
    named = request.headers.get("User-Agent", "") + request.headers.get("Accept-Language", "")
    return network, hashlib.blake2b(named.encode(), digest_size=8).hexdigest()


def _too_much() -> Refused:
    return Refused(429, _("Too much was sent from your network. Please try again in some minutes."))
