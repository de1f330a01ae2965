import pytest
from django.core.files.storage import FileSystemStorage

from config import pipeline
from contacts import consent
from contacts.models import Purpose
from scoring.models import Repeat
from tests.factories import ContactFactory
from tests.retention.decided import CHROME, ago
from tests.scoring.conftest import download, happen, subject
from tracking.models import Kind as EventKind
from tracking.models import Upload


@pytest.fixture(autouse=True)
def kept_files(settings, monkeypatch, tmp_path):
    """Where the files of this test are."""
    storage = FileSystemStorage(**settings.STORAGES["uploads"]["OPTIONS"] | {"location": tmp_path})
    monkeypatch.setattr(Upload._meta.get_field("file"), "storage", storage)
    return tmp_path


@pytest.fixture
def ada(publish):
    """Has earned points long ago and lately, by rules of several kinds."""
    publish(5, repeat=Repeat.ALWAYS)
    publish(3, source="page_visited", repeat=Repeat.ALWAYS, cap_amount=4, cap_unit="times", cap_period="month")
    publish(7, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=400)
    ada = ContactFactory()
    for purpose in Purpose:
        consent.give(ada, purpose)
    asset = subject("guide")
    from_her = {"user_agent": CHROME, "ip": "192.0.2.0"}
    for days in (900, 700, 699, 10):
        download(ada, asset, ago(days=days), url="https://x.example/guide?who=ada#top", **from_her)
        happen(ada, EventKind.PAGE_VISITED, None, ago(days=days), url="https://x.example/p?token=1", **from_her)
        happen(ada, EventKind.CUSTOM, None, ago(days=days), data={"name": "called", "properties": {"secret": "x"}})
    pipeline.drain()
    return ada
