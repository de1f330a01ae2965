"""The WSGI entry point: the hot path, and Django behind it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()

from tracking.edge.hotpath import HotPath  # noqa: E402 - it needs Django to be set up
from tracking.edge.posts import PostHandler  # noqa: E402

application = HotPath(django, PostHandler())
