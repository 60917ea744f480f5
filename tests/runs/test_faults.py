"""A short form of `tests.runs.faults`."""

from tests.runs.faults import campaign


def test_a_batch_that_is_killed_three_times(folder) -> None:
    done = campaign(3, 1, folder, f"sqlite:///{folder / 'store.db'}")
    assert done.faults == []
    assert done.kills == {"batch": 1, "worker": 1, "engine": 1}
