"""What the rule doctor looks for in triggers, on top of what scoring finds in rules."""

from campaigns.doctor import loops, stages, thresholds  # noqa: F401 - each registers its examination
