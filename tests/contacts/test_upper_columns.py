"""The columns the apps above bring to the contact list."""

import pytest
from django.urls import reverse

from scoring.models import ContactScore, PointGroup
from tests.factories import ContactFactory, UserFactory


@pytest.mark.django_db
def test_contacts_are_listed_with_and_by_their_overall_score(client):
    fit = PointGroup.objects.create(name="Fit")
    for name, score in [("low", -5), ("high", 40), ("none", None)]:
        contact = ContactFactory(email=f"{name}@example.com")
        if score is not None:
            ContactScore.objects.create(contact=contact, score=score)
            ContactScore.objects.create(contact=contact, group=fit, score=1000)
    client.force_login(UserFactory(is_superuser=True))
    address = reverse("admin:contacts_contact_changelist")

    def order(query):
        rows = client.get(f"{address}?o={query}").context["cl"].result_list
        return [contact.email.split("@")[0] for contact in rows]

    def emails(query=""):
        return [contact.email.split("@")[0] for contact in client.get(address + query).context["cl"].result_list]

    assert emails() == ["high", "low", "none"]
    assert emails("?q=low") == ["low"]
    assert emails("?o=") == ["none", "high", "low"]
    assert order("5") == ["high", "low", "none"]
    assert order("-5") == ["low", "high", "none"]
