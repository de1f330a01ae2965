"""What the rule doctor finds, and what it looks at."""

from datetime import timedelta

from django.utils import timezone

from config import pipeline
from scoring.doctor import examine
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject
from tracking.models import Subject

FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


def ago(days):
    return timezone.now() - timedelta(days=days)


def downloads(days_ago, contact=None, asset=None):
    """One for each of these ages, scored."""
    contact = contact or ContactFactory()
    asset = asset or Subject.objects.filter(key="guide").first() or subject("guide")
    for days in days_ago:
        download(contact, asset, ago(days))
    pipeline.drain()
    return contact


def told():
    """(examination, severity, what, rows)"""
    return [(f.examination, f.severity, f.what, f.rows) for f in examine()]
