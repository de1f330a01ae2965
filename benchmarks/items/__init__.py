"""What is measured, in this order: what changes much comes last. A new item is a class in a file here, and a line below."""

from benchmarks.benchmark import Benchmark
from benchmarks.items.batches import BatchOf1000, BatchOf10000
from benchmarks.items.edge import EDGE
from benchmarks.items.explaining import Explain
from benchmarks.items.journey import FromClickToScore
from benchmarks.items.lists import FADING, LISTS
from benchmarks.items.pages import ContactList, ContactListByScore, ContactPage, ContactSearch, Leaderboards
from benchmarks.items.publishing import BackfillOfAFilter, BackfillOfPoints, Preview
from benchmarks.items.replay import FullReplay, ReplayOfNothingNew
from benchmarks.items.segments import SegmentRebuild

ITEMS: tuple[type[Benchmark], ...] = (
    *EDGE,
    Leaderboards,
    ContactList,
    ContactListByScore,
    ContactSearch,
    *LISTS,
    ContactPage,
    Explain,
    SegmentRebuild,
    FromClickToScore,
    BatchOf1000,
    BatchOf10000,
    Preview,
    BackfillOfAFilter,
    BackfillOfPoints,
    ReplayOfNothingNew,
    FullReplay,
    *FADING,
)
