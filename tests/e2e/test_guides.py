"""The French guides: whoever types their commands in the order of the text gets on.

Each guide is followed from its first command to its last, in a folder as its reader has it. Where
the guide says Windows, an account and a Task Scheduler of Windows stand in; the editor writes what
the reader is told to fill in.
"""

import importlib
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import keyring
import pytest

from passerelle.base import language
from passerelle.config.load import load_config
from tests.accounts import give_account
from tests.e2e.test_alerts import WORD, unused_port
from tests.pools import make_pool
from tests.remotes.test_passwords import MemoryKeyring
from tests.schedule.conftest import windows  # noqa: F401 - the fixture
from tests.servers.fixtures import NewServer
from tests.servers.mail import Postbox
from tests.shell import Result, run_program

GUIDES = Path(__file__).parents[2] / "docs" / "fr"
FRENCH = 'language = "fr"\n'
# The samples of the text, and what the demonstration has of their kind.
SAMPLES = {"1042": "1006", "1043": "1007", "3701234567890": "3701234500614"}
# It goes on until Ctrl+C.
ENDLESS = ("passerelle status --watch", "passerelle console")
MINE = "passerelle "


@dataclass(frozen=True)
class Guide:
    """A guide, what its commands end with where that is not 0, and which of them ask first.

    What it says of a pool is typed in another folder, ``pool``.
    """

    name: str
    codes: Mapping[str, int] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    pool: Path | None = None

    @property
    def text(self) -> str:
        return (GUIDES / f"{self.name}.md").read_text("utf-8")

    def commands(self) -> list[str]:
        """Those on lines of their own, and those in sentences; screens show other people's."""
        prose = re.sub(r"(?ms)^ *```\w*\n.*?^ *```$", "", self.text)
        found = re.findall(r"(?m)`(passerelle [^`\n]+)`|^ {4,}(passerelle .+)$", prose)
        return [(inline or line.partition("#")[0]).strip() for inline, line in found]

    def follow(self, folder: Path) -> dict[str, Result]:
        """Types all of them in ``folder``; each must end as the guide lets expect."""
        told = {}
        for command in self.commands():
            if command in ENDLESS:
                continue
            typed = shlex.split(command.replace("\\", "/"))  # Windows' paths
            words = [SAMPLES.get(word, word) for word in typed[1:]]
            more = ("--yes",) if command.removeprefix(MINE) in self.asks else ()
            pool = "pool" in words and self.pool
            result = run_program(*words, *more, cwd=pool or folder)
            expected = self.codes.get(command.removeprefix(MINE), 0)
            assert result.exit_code == expected, f"{command}: {result.text}"
            told[command] = result
        return told


@pytest.fixture(autouse=True)
def machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """What the commands reach for besides the folder."""
    request.getfixturevalue("windows")
    give_account(tmp_path, monkeypatch)
    store = MemoryKeyring()
    monkeypatch.setattr(keyring, "set_password", store.set_password)
    monkeypatch.setattr(keyring, "get_password", store.get_password)
    keeping = importlib.import_module("passerelle.cli.keeping")
    monkeypatch.setattr(keeping, "_first_line", lambda: b"s3same\n")
    monkeypatch.setattr("click.edit", lambda **_: None)
    monkeypatch.setattr("webbrowser.open", lambda _url: True)
    monkeypatch.setenv("LANGUAGE", "fr")
    request.addfinalizer(lambda: language.speak("en"))


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A folder in which Passerelle has run for half an hour."""
    folder = tmp_path / "demo"
    assert run_program("demo", str(folder)).exit_code == 0
    config = folder / "config.toml"
    config.write_text(FRENCH + config.read_text("utf-8"), encoding="utf-8")
    return folder


@pytest.fixture
def fresh(demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without settings, beside an export; the editor writes the demonstration's."""
    folder = tmp_path / "fresh"
    shutil.copytree(demo / "server", folder / "server", ignore=shutil.ignore_patterns("*.mark.*"))
    shutil.copy(demo / "server" / "commandes.csv", folder)
    filled = re.sub(r"(?m)^start_from.*\n", "", (demo / "config.toml").read_text("utf-8"))
    filled = filled.replace('settle = "0s"', 'settle = "0s"\npassword = "keyring"')

    def fill_in(filename: str, editor: str | None) -> None:
        Path(filename).write_text(filled, encoding="utf-8")

    monkeypatch.setattr("click.edit", fill_in)
    return folder


INSTALLING = Guide(
    "installer",
    codes={"setup": 3, "run orders --dry-run": 6},
    asks=("orders adopt",),
)
SETTING = Guide("reglages")
ALERTING = Guide("alertes")


def test_installing(fresh: Path) -> None:
    told = INSTALLING.follow(fresh)
    assert [*told][:3] == [
        "passerelle desktop add",
        "passerelle setup",
        "passerelle init",
    ]
    assert "Passerelle\\orders" in told["passerelle schedule install"].stdout


def test_settings(demo: Path) -> None:
    shutil.copy(demo / "server" / "commandes.csv", demo)
    assert len(SETTING.follow(demo)) >= 9


def test_the_settings_that_are_shown_are_a_whole_config(tmp_path: Path) -> None:
    blocks = re.findall(r"(?ms)^```toml\n(.*?)^```$", SETTING.text)
    path = tmp_path / "config.toml"
    path.write_text("\n".join(blocks), encoding="utf-8")
    settings = load_config(path)
    assert settings.stock is not None and settings.stock.guards.max_drop == 0.2
    assert settings.orders is not None and settings.orders.withhold.payments == ("Bon cadeau",)


def test_alerts(demo: Path) -> None:
    (block,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", ALERTING.text)
    config = demo / "config.toml"
    whole = config.read_text("utf-8")
    config.write_text(f"{whole}\n{block}", encoding="utf-8")
    assert len(load_config(config).alerts.urls) == 1
    with told_to(config, whole) as postbox:
        ALERTING.follow(demo)
        assert len(postbox.take()) == 1


def test_everyday(demo: Path, tmp_path: Path, new_server: NewServer) -> None:
    shops = make_pool(tmp_path / "pool", [new_server("folder") for _ in "ab"], ("fr", "be"))
    shops.join_all()
    config = demo / "config.toml"
    server = load_config(config).orders.source.server  # type: ignore[union-attr]
    config.write_text(f'{config.read_text("utf-8")}\n[shop]\ncache = "{server}:cache"\n', "utf-8")
    (demo / "server" / "cache" / "prod").mkdir(parents=True)
    assert run_program("--config", str(config), "schedule", "install").exit_code == 0
    guide = Guide(
        "tous-les-jours",
        codes={"orders retry 1042": 2},
        asks=("orders resend 1042", "shop clear-cache"),
        pool=shops.folder,
    )
    for folder in ("ancien", "nouveau"):
        (demo / folder).mkdir()
        shutil.copy(demo / "server" / "ExportCSV.csv", demo / folder / "ExportCSVmod.csv")
    with told_to(config, config.read_text("utf-8")):
        told = guide.follow(demo)
    assert len(told) > 20


@contextmanager
def told_to(config: Path, text: str) -> Iterator[Postbox]:
    """The config with somebody whom alerts reach."""
    with Postbox(unused_port(), WORD) as postbox:
        urls = f"\n[alerts]\nurls = ['{postbox.url(WORD)}']\n"
        config.write_text(text + urls, encoding="utf-8")
        yield postbox
