"""Filters of what contacts are. One file and one import line each; apps above bring `segment_filters.py`."""

from contacts.filters import custom, fields, lists, permission, stage  # noqa: F401
from contacts.filters.registry import filters

__all__ = ["filters"]
