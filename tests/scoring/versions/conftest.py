"""A rule with a history, and the history as its page tells it."""

import pytest

from scoring import rules
from tests.scoring.conftest import subject


@pytest.fixture
def revised(publish):
    """Three versions: 5 points for the guide; 8 points, three times a week; any asset, named otherwise."""

    def revised(author=None, name="Reads"):
        guide = subject(f"{name} guide")
        action = publish(5, params={"only": [guide.pk]}, repeat="always")
        for changes in (
            {"points": 8, "cap_amount": 3, "cap_period": "week"},
            {"params": {}, "name": name, "expires_after_days": 90},
        ):
            for field, value in changes.items():
                setattr(action, field, value)
            action.save()
            rules.publish(action, author)
        return action

    return revised


def told(response):
    """The page's chapters: number, what changed, whether it stands now, whether it can be brought back."""
    assert response.status_code == 200
    return [
        (
            chapter.stood.number,
            {change.label: (change.before, change.after) for change in chapter.changes},
            chapter.stood.is_now,
            bool(chapter.restore),
        )
        for chapter in response.context["chapters"]
    ]
