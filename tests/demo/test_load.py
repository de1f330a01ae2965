"""What a freshly loaded demo world promises."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from campaigns.models import Campaign, Delivery, Email, Enrolment, Firing, Message, Sms, Step, Trigger, TriggerAction
from campaigns.registry import actions, steps
from config import pipeline
from config.demo_world import load
from contacts import conditions, typed_params
from contacts.models import Change, Consent, Contact, DoNotContact, Segment, Stage
from scoring import leaderboards, ledger, scores, sql
from scoring.doctor import examine
from scoring.explain.letter import LANGUAGES, letter
from scoring.explain.letter_pdf import pdf
from scoring.models import (
    Adjustment,
    ContactScore,
    Leaderboard,
    PointAction,
    PointActionVersion,
    PointEntry,
    PointGroup,
    Repeat,
    Sweep,
)
from scoring.sources import point_sources
from tests.demo.conftest import CONTACTS
from tracking.models import Asset, Event, Form, Hit, Kind, LandingPage, Visitor

pytestmark = pytest.mark.slow  # for its world

TOP = 3


def test_everything_that_waited_was_carried_to_the_end(look):
    assert Contact.objects.count() == CONTACTS
    assert list(Hit.objects.all()) == []
    assert Change.objects.count() == 0
    assert not Sweep.objects.filter(finished_at=None).exists()
    assert not Adjustment.objects.filter(applied_at=None).exists()


def test_it_says_what_it_does_in_sentences(look):
    assert look[1] == f"{CONTACTS} contacts come in"
    assert look[-1].startswith(f"Loaded {CONTACTS} contacts, {Event.objects.count()} events, 37 point actions, ")


def test_loading_again_changes_nothing(look):
    said = []
    load.load("fr", CONTACTS, said.append)

    assert said == [f"There are {CONTACTS} contacts already: nothing was loaded."]
    assert Contact.objects.count() == CONTACTS


def test_every_score_is_the_sum_of_its_lines(look):
    assert sql.differences() == []
    assert ContactScore.objects.filter(group=None).count() == CONTACTS


def test_a_replay_of_the_history_changes_nothing(look):
    everybody = list(Contact.objects.order_by("pk").values_list("pk", flat=True))
    before = list(PointEntry.objects.order_by("contact_id", "action_id", "object_id", "period", "version_id").values())
    with transaction.atomic():
        scores.lock(everybody)
        moved = ledger.replay(everybody)

    assert moved == []
    after = list(PointEntry.objects.order_by("contact_id", "action_id", "object_id", "period", "version_id").values())
    assert after == before


def test_profile_points_count_from_when_they_became_true(look):
    lines = PointEntry.objects.filter(version__kind=None)
    late = lines.filter(first_at__gte=timezone.now() - timedelta(days=1)).count()

    assert lines.count() > CONTACTS / 2
    assert late < lines.count() / 20
    made = dict(Contact.objects.values_list("pk", "created_at"))
    assert all(line.first_at >= made[line.contact_id] for line in lines)


def test_every_point_source_is_used(look):
    used = set(PointAction.objects.values_list("source", flat=True))

    assert used == {source.key for source in point_sources}


def test_points_are_given_and_taken_and_every_repeat_policy_is_used(look):
    assert PointAction.objects.filter(points__gt=0).exists()
    assert PointAction.objects.filter(points__lt=0).count() >= 8
    assert set(PointAction.objects.values_list("repeat", flat=True)) == set(Repeat.values)
    assert set(PointAction.objects.values_list("group__name", flat=True)) == {"Engagement", "Adéquation", "Ambassadeur"}


def test_every_rule_says_what_its_form_accepts(look):
    for action in PointAction.objects.all():
        assert typed_params.validated(point_sources[action.source], action.params) == action.params
        assert action.versions.exists(), action


def test_a_rule_that_changed_keeps_what_it_was_worth_before(look):
    versions = PointActionVersion.objects.filter(action__name="Regarde les tarifs").order_by("number")

    assert list(versions.values_list("number", "points")) == [(1, 5), (2, 8)]


def test_forms_carry_points_of_their_own(look):
    assert set(PointAction.objects.exclude(form=None).values_list("form__name", "points")) == {
        ("Lettre du brasseur (FR)", 5),
        ("Brewer's letter (EN)", 5),
    }


def test_colleagues_hear_of_contact_requests_from_now_on(look):
    telling = Form.objects.filter(notify_owner=True, notify_users__username="marketer")

    assert set(telling.values_list("name", flat=True)) == {"Demande de contact (FR)", "Contact request (EN)"}
    assert not Delivery.objects.filter(type="notify_of_submission").exists()


def test_every_trigger_action_is_used_rising_and_falling_once_and_again(look):
    assert set(TriggerAction.objects.values_list("type", flat=True)) == {
        action.key for action in actions if action.offered
    }
    assert set(Trigger.objects.values_list("direction", flat=True)) == set(Trigger.Direction.values)
    assert set(Trigger.objects.values_list("again", flat=True)) == set(Trigger.Again.values)
    assert not Trigger.objects.filter(is_active=False).exists()


def test_campaigns_use_steps_that_steer_and_steps_that_act(look):
    assert set(Step.objects.values_list("type", flat=True)) == {"wait", "condition", "send_email", "add_points"}
    assert all(step.type in steps for step in Step.objects.all())
    assert not Campaign.objects.filter(is_active=False).exists()


def test_no_old_score_mails_anybody(look):
    assert set(Firing.objects.values_list("state", flat=True)) == {Firing.State.MARKED}
    assert set(Delivery.objects.values_list("state", flat=True)) <= {Delivery.State.SENT}
    assert set(Enrolment.objects.values_list("state", flat=True)) <= {Enrolment.State.FINISHED}

    pipeline.drain()

    assert not Delivery.objects.due(timezone.now()).exists()


def test_the_history_is_six_months_old_and_ends_today(look):
    first = Event.objects.order_by("at").first()
    last = Event.objects.filter(kind=Kind.PAGE_VISITED).order_by("-at").first()

    assert timedelta(days=180) < timezone.now() - first.at < timedelta(days=225)
    assert timezone.now() - last.at < timedelta(days=14)
    assert Event.objects.filter(at__gt=timezone.now()).count() == 0


def test_all_kinds_of_behaviour_are_there(look):
    kinds = set(Event.objects.values_list("kind", flat=True))
    behaviour = {
        kind for kind in Kind if kind <= Kind.WEBINAR_REGISTERED or kind in (Kind.CUSTOM, Kind.CAMPAIGN_STARTED)
    }

    assert behaviour - kinds <= {Kind.SMS_CLICKED, Kind.SMS_SENT}  # too few people for an SMS, perhaps


def test_anonymous_visits_became_somebodys_when_a_form_named_them(look):
    known = Visitor.objects.exclude(contact=None).first()

    assert Visitor.objects.filter(contact=None).exists()
    assert not Event.objects.filter(visitor=known, contact=None, kind=Kind.FORM_SUBMITTED).exists()


def test_nothing_is_stored_of_those_who_refuse(look):
    refused = Consent.objects.filter(purpose="email_tracking", granted=False).values("contact_id")

    assert Event.objects.filter(kind=Kind.EMAIL_OPENED, contact__in=refused).count() == 0


def test_nobody_is_sent_a_mail_after_they_were_blocked(look):
    for block in DoNotContact.objects.all():
        assert not Message.objects.filter(contact=block.contact, sent_at__gt=block.created_at).exists()


def test_every_mail_sent_can_be_read_as_it_was_sent(look):
    messages = Message.objects.filter(channel="email")

    assert messages.count() == Event.objects.filter(kind=Kind.EMAIL_SENT).count()
    for message in messages:
        assert message.contact.first_name in message.html or "{{" not in message.html
        assert "{{" not in message.title + message.html + message.text
        assert "/t/c/" in message.html
        assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_boards_segments_and_stages_are_filled(look):
    assert all(leaderboards.places(board) for board in Leaderboard.objects.all())
    assert Leaderboard.objects.count() == 3
    assert set(Stage.objects.filter(contacts__isnull=False).values_list("name", flat=True)) >= {
        "Curieux",
        "Prospect",
        "Client",
    }
    for segment in Segment.objects.filter(is_dynamic=True):
        members = set(segment.memberships.filter(is_member=True).values_list("contact_id", flat=True))
        assert members == set(conditions.matching(segment.conditions).values_list("pk", flat=True)), segment


def test_there_is_something_of_everything(look):
    assert PointGroup.objects.count() == 3
    assert Form.objects.count() == 8
    assert LandingPage.objects.exclude(form=None).count() == 6
    assert Asset.objects.count() == 5
    assert Sms.objects.count() == 3
    assert Email.objects.filter(language="fr").count() == Email.objects.filter(language="en").count() == 9


def test_files_can_be_read(look):
    paper = Asset.objects.get(name__startswith="Livre blanc")

    assert paper.file.read().startswith(b"%PDF-1.4")
    assert paper.gate.asset == paper


@pytest.mark.parametrize(
    ("username", "may", "may_not"),
    [
        ("marketer", "scoring.change_pointaction", "tracking.view_apikey"),
        ("marketer", "campaigns.delete_trigger", "auth.view_user"),
        ("camille", "contacts.change_contact", "scoring.change_pointaction"),
        ("camille", "scoring.view_pointaction", "contacts.delete_contact"),
    ],
)
def test_everybody_may_do_their_work_and_no_more(look, username, may, may_not):
    user = authenticate(username=username, password=username)

    assert user.has_perm(may)
    assert not user.has_perm(may_not)


def test_the_administrator_is_one(look):
    assert authenticate(username="admin", password="admin").is_superuser


def test_the_rule_doctor_has_nothing_to_say(look):
    """But that some things are done by nobody in so small a world."""
    found = [
        finding for finding in examine() if finding.examination != "silent_rule" or finding.rows[0].entries.exists()
    ]

    assert found == []


def test_the_letter_to_whoever_has_much_to_be_told_fits_on_one_page_in_every_language(look):
    busiest = PointEntry.objects.values("contact").annotate(lines=Count("pk")).order_by("-lines").first()["contact"]
    hottest = {place.contact.pk for board in Leaderboard.objects.all() for place in leaderboards.places(board)[:TOP]}

    long = {
        (contact.email, language): len(re.findall(rb"/Type /Page\b", pdf(letter(contact, language))))
        for contact in Contact.objects.filter(pk__in=hottest | {busiest})
        for language in LANGUAGES
    }

    assert len(long) >= 2 * TOP
    assert {whom: pages for whom, pages in long.items() if pages != 1} == {}
