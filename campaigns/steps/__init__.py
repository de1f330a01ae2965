"""The campaign steps there are: those that steer, and every trigger action as a step. A new one is a file and a line here."""

from campaigns.steps import condition, wait  # noqa: F401
