"""The trigger actions there are. A new one is a file here and a line below; another app's `trigger_actions.py` works too."""

from campaigns.actions import (  # noqa: F401
    add_points,
    change_segments,
    change_tags,
    leave_campaign,
    notify_of_submission,
    send_email,
    send_email_to_user,
    send_sms,
    send_webhook,
    set_stage,
    start_campaign,
)
