"""Settings, a French clock, and what both kinds of tests need."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from passerelle.config.load import load_config
from passerelle.config.model import Settings

CONFIG = Path(__file__).parents[2] / "config.toml"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those that `passerelle init` writes."""
    shutil.copy(CONFIG, tmp_path)
    return load_config(tmp_path / "config.toml")


@pytest.fixture
def now() -> datetime:
    """A Wednesday, in the middle of the afternoon."""
    return datetime(2026, 11, 25, 15, 52, 10).astimezone()
