import pytest
from django.contrib.auth.models import Permission

from tests.factories import CompanyFactory, ContactFactory, StageFactory, TagFactory, UserFactory


@pytest.fixture
def viewer(client):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "view_segment"]))
    client.force_login(user)
    return client


def full(**values):
    """A contact with everything that a page may show of one."""
    contact = ContactFactory(company=CompanyFactory(), stage=StageFactory(), owner=UserFactory(), **values)
    contact.tags.set(TagFactory.create_batch(2))
    return contact
