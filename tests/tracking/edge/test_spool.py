import os
import threading
import uuid

import orjson
import pytest

from tests.factories import SubjectFactory
from tracking import hits
from tracking.edge import keeper
from tracking.edge.line_sql import Away, Line, Unfit
from tracking.edge.spool import REFUSED, Full, Segment, Spool, waiting_bytes
from tracking.hits import NewHit
from tracking.models import Hit, Kind, Outage

LIMIT = 1_000_000


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool", LIMIT)


def batch(*numbers):
    """Opens of these messages as they travel to the database."""
    new = [NewHit(kind=Kind.EMAIL_OPENED, key=uuid.UUID(int=number), message_id=number) for number in numbers]
    return orjson.dumps(hits.rows(new)), len(numbers)


def files(spool):
    return sorted(spool.folder.glob("*.hits"))


def lines(spool):
    """What the next process would find."""
    found = []
    for segment in spool.segments():
        found += [[hit["message_id"] for hit in orjson.loads(line)] for line, _count in segment.lines()]
        segment.let_go()
    return found


def test_what_was_appended_is_there_batch_by_batch(spool):
    spool.append(*batch(1, 2))
    spool.append(*batch(3))

    assert waiting_bytes(spool.folder) == files(spool)[0].stat().st_size
    assert lines(spool) == [[1, 2], [3]]


def test_a_file_in_use_is_nobody_elses(spool):
    spool.append(*batch(1))

    assert Segment.left_by_others(files(spool)[0]) is None
    assert lines(Spool(spool.folder, LIMIT)) == []


@pytest.mark.parametrize("left", range(0, 260, 13))
def test_a_file_torn_anywhere_gives_the_whole_lines_before(spool, left):
    spool.append(*batch(1))
    first = files(spool)[0].stat().st_size
    spool.append(*batch(2))
    size = files(spool)[0].stat().st_size
    os.truncate(files(spool)[0], min(first + left, size - 1))

    assert lines(spool) == [[1]]


@pytest.mark.parametrize(
    "spoilt", [b"garbage\n", b"00000000 1 []\n", b"\n", b"\x00" * 4096, b"zzzzzzzz x y\n", b"1 2 3"]
)
def test_lines_that_are_not_ours_are_left_out(spool, spoilt):
    spool.append(*batch(1))
    with files(spool)[0].open("ab") as file:
        file.write(spoilt)

    assert lines(spool) == [[1]]


@pytest.mark.parametrize("content", [b"", b"x", b"\n\n", b"bareme hits 1, lost meanwhile: x\n"])
def test_a_file_without_a_header_holds_nothing(spool, content):
    spool.folder.mkdir()
    (spool.folder / "1-1-x.hits").write_bytes(content)
    (spool.folder / "not-ours.hits").write_bytes(content)

    assert lines(spool) == []


def test_a_full_spool_says_so_and_keeps_what_it_has(tmp_path):
    spool = Spool(tmp_path, 600)
    spool.append(*batch(1))
    with pytest.raises(Full):
        spool.append(*batch(2, 3))

    assert lines(spool) == [[1]]


def test_the_files_of_other_processes_count(tmp_path):
    Spool(tmp_path, LIMIT).append(*batch(1, 2))
    with pytest.raises(Full):
        Spool(tmp_path, 600).append(*batch(3, 4))


def test_a_write_that_fails_half_way_leaves_no_trace(spool, monkeypatch):
    spool.append(*batch(1))
    write = os.pwrite

    def half(handle, data, at):
        return write(handle, data[: len(data) // 2], at)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(Full):
        spool.append(*batch(2))
    monkeypatch.undo()
    spool.append(*batch(3))

    assert lines(spool) == [[1], [3]]


def test_what_was_lost_is_noted_in_the_file_and_survives_the_process(spool):
    spool.append(*batch(1))
    spool.lose(2)
    spool.lose(3)  # noted with the next, or when the file is closed
    (segment,) = spool.segments()

    assert (segment.lost, [count for _line, count in segment.lines()]) == (5, [1])


@pytest.mark.django_db(transaction=True)
def test_draining_brings_everything_in_once_and_tells_of_it(spool):
    spool.append(*batch(1, 2))
    spool.append(*batch(2, 3))
    spool.lose(4)

    assert keeper.drain(spool) == 4
    assert keeper.drain(spool) == 0
    assert sorted(Hit.objects.values_list("message_id", flat=True)) == [1, 2, 3]
    assert list(Outage.objects.values_list("kept", "lost")) == [(4, 4)]
    assert files(spool) == []


@pytest.mark.django_db(transaction=True)
def test_what_was_lost_without_a_file_to_note_it_in_is_told_too(spool, monkeypatch):
    def no_room(*args, **kwargs):
        raise OSError("no room")

    monkeypatch.setattr(Segment, "begin", no_room)
    spool.lose(4)
    keeper.drain(spool)

    assert list(Outage.objects.values_list("kept", "lost")) == [(0, 4)]
    assert spool.unnoted == 0


@pytest.mark.django_db(transaction=True)
def test_several_processes_drain_one_folder(spool):
    for number in range(1, 41):
        one = Spool(spool.folder, LIMIT)
        one.append(*batch(number, number + 100))
        next(one.segments()).let_go()  # as when its process dies
    brought = []
    drainers = [
        threading.Thread(target=lambda: brought.append(keeper.drain(Spool(spool.folder, LIMIT)))) for _ in range(4)
    ]
    for drainer in drainers:
        drainer.start()
    for drainer in drainers:
        drainer.join(30)

    assert sum(brought) == 80
    assert Hit.objects.count() == 80
    assert sum(Outage.objects.values_list("kept", flat=True)) == 80
    assert files(spool) == []


@pytest.mark.django_db(transaction=True)
def test_a_hit_the_database_refuses_is_set_aside_and_the_others_go_on(spool):
    rows = orjson.loads(batch(1, 2, 3)[0])
    rows[1]["ip"] = "no address"
    spool.append(orjson.dumps(rows), 3)

    assert keeper.drain(spool) == 3
    assert sorted(Hit.objects.values_list("message_id", flat=True)) == [1, 3]
    assert orjson.loads((spool.folder / REFUSED).read_bytes())[0]["message_id"] == 2


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_brought_in_now_stays_for_later(spool, monkeypatch):
    spool.append(*batch(1))

    def away(line, statement, values, seconds):
        raise Away("gone")

    monkeypatch.setattr(Line, "run", away)
    with pytest.raises(Away):
        keeper.drain(spool)
    monkeypatch.undo()

    assert keeper.drain(spool) == 1
    assert Hit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_line_waits_no_longer_than_told():
    line = Line(10)
    with pytest.raises(Away, match="in time"):
        line.run(b"SELECT pg_sleep(5)", [], 0.2)
    line.close()


@pytest.mark.django_db(transaction=True)
def test_the_server_gives_a_statement_up_by_itself():
    line = Line(0.2)
    with pytest.raises(Away, match="57014"):
        line.run(b"SELECT pg_sleep(5)", [], 5)
    line.close()


@pytest.mark.django_db(transaction=True)
def test_a_line_tells_trouble_from_rows_at_fault():
    subject, line = SubjectFactory(), Line(10)

    with pytest.raises(Unfit):
        line.run(b"SELECT $1::int", ["x"], 5)
    with pytest.raises(Away):
        line.run(b"SELECT * FROM nowhere", [], 5)
    assert line.run(b"SELECT id, NULL FROM tracking_subject", [], 5) == [(str(subject.pk), None)]
    assert line.run(b"SHOW synchronous_commit", [], 5) == [("on",)]
    line.close()
