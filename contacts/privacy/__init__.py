"""Privacy: everything we hold about a person, to hand out or to erase. What there is, is said by parts, one of each app."""

from contacts.privacy.erasure import Tally, count, erase
from contacts.privacy.export import Export, export
from contacts.privacy.parts import Column, Part, Person, Section, columns_of, parts
from contacts.privacy.privacy_sql import naming

__all__ = [
    "Column",
    "Export",
    "Part",
    "Person",
    "Section",
    "Tally",
    "columns_of",
    "count",
    "erase",
    "export",
    "naming",
    "parts",
]
