"""The filters that exist: those of this package, and those of `segment_filters.py` in the apps above."""

from contacts.filters.base import Filter
from contacts.registry import Registry

filters: Registry[Filter] = Registry("filter")
