"""Retention: how long each kind of data is kept, and how what is older is let go of. Apps say theirs in `retention.py`."""

from contacts.privacy.retention.kinds import Due, Kind, Mark, Proposal, Rows, Step, Unit, holders, in_order, kinds

__all__ = ["Due", "Kind", "Mark", "Proposal", "Rows", "Step", "Unit", "holders", "in_order", "kinds"]
