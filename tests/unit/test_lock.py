"""One run at a time in a folder."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from passerelle.base.errors import BusyError
from passerelle.base.lock import hold_lock

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)


def test_a_second_run_is_told_who_holds_the_lock_and_since_when(tmp_path: Path) -> None:
    with (
        hold_lock(tmp_path, "run orders", NOW),
        pytest.raises(BusyError, match=r"run orders, since 2026-11-22 10:27:00"),
        hold_lock(tmp_path, "run stock", NOW),
    ):
        pass


def test_it_is_free_once_the_first_has_ended_however(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a bug"), hold_lock(tmp_path, "run orders", NOW):
        raise ValueError("a bug")
    with hold_lock(tmp_path, "run stock", NOW):
        assert (tmp_path / "passerelle.lock.owner").exists()
    assert not (tmp_path / "passerelle.lock.owner").exists()
