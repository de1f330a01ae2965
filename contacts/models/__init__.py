"""Who: contacts, what we know of them, and what they allow."""

from contacts.models.changes import Change
from contacts.models.consents import Channel, Consent, ConsentPolicy, ConsentText, DoNotContact, Purpose
from contacts.models.contacts import Company, Contact, ContactTag, Stage, Tag
from contacts.models.custom_fields import CustomField
from contacts.models.erasure_runs import ErasureRun, ToBeErased
from contacts.models.imports import Import, ImportRow
from contacts.models.merges import Duplicate, Merge, MergePolicy
from contacts.models.privacy import DataRequest, ErasedAddress, Erasure
from contacts.models.retention import RetentionPolicy, RetentionRun
from contacts.models.segments import Membership, Segment

__all__ = [
    "Change",
    "Channel",
    "Company",
    "Consent",
    "ConsentPolicy",
    "ConsentText",
    "Contact",
    "ContactTag",
    "CustomField",
    "DataRequest",
    "DoNotContact",
    "Duplicate",
    "ErasedAddress",
    "Erasure",
    "ErasureRun",
    "Import",
    "ImportRow",
    "Membership",
    "Merge",
    "MergePolicy",
    "Purpose",
    "RetentionPolicy",
    "RetentionRun",
    "Segment",
    "Stage",
    "Tag",
    "ToBeErased",
]
