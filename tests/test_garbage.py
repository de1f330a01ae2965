"""No search for cycles amid a batch."""

import gc

import pytest

from config import garbage, pipeline


@pytest.fixture
def searches():
    """What Python searched, which it does here whenever it may."""
    seen, usual = [], gc.get_threshold()

    def note(phase, info):
        seen.append(phase)

    gc.callbacks.append(note)
    gc.set_threshold(1, 1, 1)
    yield seen
    gc.set_threshold(*usual)
    gc.callbacks.remove(note)


def test_nothing_is_searched_meanwhile_and_all_again_afterwards(searches):
    with garbage.left_alone():
        searches.clear()
        kept = [[] for _ in range(100)]
        assert searches == []
    kept += [[] for _ in range(100)]
    assert "start" in searches


def test_it_is_searched_again_after_an_error():
    with pytest.raises(ZeroDivisionError), garbage.left_alone():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_who_searches_not_at_all_still_does_not_afterwards():
    gc.disable()
    try:
        with garbage.left_alone():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_batch_is_not_interrupted(db, searches):
    searches.clear()
    pipeline.advance()
    assert len(searches) < 100  # a few before and after it; amid it there would be thousands
