"""Names in config.toml stay names: none leaves the base folder, none becomes an FTP command."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from passerelle.config.faults import key_lines
from tests import scale
from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import Sale, World, tree

SHOE = Sale("1", {"370": 1})
KEYS = ("orders.from", "orders.to", "stock.from", "stock.to")
PLACES = {
    "orders.from": "commandes.csv",
    "orders.to": "import/commandes_{time}.xml",
    "stock.from": "ExportCSV.csv",
    "stock.to": "ExportCSVmod.csv",
}

# As TOML's basic strings write them.
REFUSED = [
    *("..", "../x.csv", "import/../../x.csv", "/../x.csv", "import/..", ".. /x.csv", "... /x.csv"),
    *("..\\\\x.csv", "import\\\\x.csv", "x.csv\\r\\nDELE keep.csv", "x\\nDELE keep.csv"),
    *("x\\rDELE keep.csv", "x\\u0000.csv", "x\\u0085.csv", "x\\u2028DELE keep.csv", "x\\u2029y"),
    *("x\\u007f.csv", "x\\u001b[2J.csv", "//", "import//x.csv", " ", ""),
]
# Odd, but names: they mean themselves, below the base folder.
LITERAL = [
    *("%2e%2e", "%2e%2e%2fx.csv", "x%0d%0aDELE keep.csv", "~", "~root", "~.csv", "-x.csv", "-la"),
    *("*.csv", "?.csv", "[a-z].csv", "x'y.csv", 'x\\"y.csv', "$HOME", "`id`", "x;y", "a|b", "&"),
    *("ÿ.csv", "Å.csv", "..x.csv", "x..", "NUL", " x.csv"),
]


class House:
    """A world on an FTP server, with a file beside the base folder that nobody may touch."""

    def __init__(self, folder: Path, ftp: FtpServer, root: Path, password: str = PASSWORD) -> None:
        self.ftp, self.folder = ftp, folder
        url = f"ftp://{USER}@{HOST}:{ftp.port}/base"
        self.base = root / "base"
        self.world = make_world(folder, RunningServer("ftp", url, password, self.base))
        self.world.shop_writes(SHOE)
        self.world.erp_writes_stock({"370": 3})
        (self.base / "keep.csv").write_bytes(b"kept")
        (root / "x.csv").write_bytes(b"of others")
        self.beside = {k: v for k, v in tree(root).items() if not k.startswith(str(self.base))}
        self.root = root

    def set(self, key: str, value: str) -> None:
        config = self.world.folder / "config.toml"
        name = key.partition(".")[2]
        text = config.read_text(encoding="utf-8")
        place = f'{name} = "ftp:{PLACES[key]}"'
        assert place in text
        config.write_text(text.replace(place, f'{name} = "ftp:{value}"'), encoding="utf-8")

    def look(self) -> None:
        """Nothing beside the base folder changed, and every command is one of ours."""
        now = {k: v for k, v in tree(self.root).items() if not k.startswith(str(self.base))}
        assert now == self.beside
        assert (self.base / "keep.csv").read_bytes() == b"kept"
        paths = [line.partition(" ")[2] for line in self.ftp.commands if re.search(r"[ /]", line)]
        assert [path for path in paths if re.search(r"/\.\.(/|$)", path)] == []
        assert not [
            line for line in self.ftp.commands if line.startswith(("DELE keep", "DELE /keep"))
        ]
        verbs = {line.split(" ")[0] for line in self.ftp.commands}
        assert verbs <= {
            *("USER", "PASS", "TYPE", "FEAT", "OPTS", "PWD", "MLST", "MLSD", "CWD", "EPSV", "PASV"),
            *("RETR", "STOR", "RNFR", "RNTO", "DELE", "SIZE", "MDTM", "NLST", "LIST", "QUIT"),
        }


@pytest.fixture(params=[False, pytest.param(True, marks=scale.only("ci"))], ids=["modern", "old"])
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    """A server that knows MLST, and one that only knows SIZE, MDTM and NLST."""
    root = tmp_path / "server"
    (root / "base").mkdir(parents=True)
    missing = frozenset({"MLST", "MLSD"}) if request.param else frozenset()
    with FtpServer(root, {USER: PASSWORD}, quirks=Quirks(missing=missing)) as ftp:
        yield House(tmp_path, ftp, root)


@pytest.mark.parametrize("key", KEYS)
def test_a_place_that_leaves_the_folder_or_injects_is_a_fault_of_the_configuration(
    house: House, key: str
) -> None:
    config = house.world.folder / "config.toml"
    good = config.read_text(encoding="utf-8")
    for value in REFUSED[KEYS.index(key) :: scale.pick(4, 1, 1)]:
        house.set(key, value)
        result = house.world.run("run", "orders")
        assert (result.exit_code, f": {key}: " in result.stderr) == (3, True), (value, result)
        assert len(result.stderr.splitlines()) == 1
        config.write_text(good, encoding="utf-8")
    assert house.ftp.commands == []
    house.look()


@pytest.mark.parametrize("key", KEYS)
def test_an_odd_name_means_itself(house: House, key: str) -> None:
    config = house.world.folder / "config.toml"
    good = config.read_text(encoding="utf-8")
    for value in LITERAL[KEYS.index(key) :: scale.pick(4, 1, 1)]:
        name = value.replace('\\"', '"')
        if key.endswith("from"):
            source = house.base / PLACES[key]
            (house.base / name).write_bytes(source.read_bytes())
        house.set(key, value)
        assert house.world.run("check").exit_code == 0, value
        result = house.world.run("run", key.partition(".")[0])
        assert result.exit_code in (0, 5), (value, result)
        config.write_text(good, encoding="utf-8")
    house.look()


def test_a_url_s_folder_is_named_without_going_up(house: House) -> None:
    for scheme, path in (
        *(("ftp", ".."), ("ftps", "../base"), ("ftps-implicit", "base/.."), ("sftp", "base/../..")),
        *(("ftp", "%2e%2e/base"), ("sftp", "base/%2E%2E"), ("ftp", "base%2f..%2fbase")),
    ):
        set_url(house.world, f"{scheme}://{USER}@{HOST}:{house.ftp.port}/{path}")
        result = house.world.run("run", "orders")
        assert (result.exit_code, "servers.ftp.url" in result.stderr) == (3, True)
    assert house.ftp.commands == []


def set_url(world: World, url: str) -> None:
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub("url = '.*'", lambda _: f"url = '{url}'", text), encoding="utf-8")


def test_a_user_or_a_folder_of_a_url_injects_nothing(house: House) -> None:
    parts = ("user%0d%0aDELE%20keep.csv", "user%00", "user%C2%85", "user%0A")
    for url in (
        *(f"ftp://{part}@{HOST}:{house.ftp.port}/base" for part in parts[::2]),
        *(f"ftp://{USER}@{HOST}:{house.ftp.port}/{part}" for part in parts[1::2]),
    ):
        set_url(house.world, url)
        result = house.world.run("run", "orders")
        assert (result.exit_code, "control characters" in result.stderr) == (3, True)
    assert house.ftp.commands == []
    house.look()


def test_an_odd_user_is_only_a_user(house: House) -> None:
    for user in ("-la", "~root", "a%20b", "*", "a%27b", "..", "%2e%2e"):
        set_url(house.world, f"ftp://{user}@{HOST}:{house.ftp.port}/base")
        result = house.world.run("run", "orders")
        assert (result.exit_code, "login refused" in result.stderr) == (4, True), user
    assert {line.split(" ")[0] for line in house.ftp.commands} <= {"USER", "PASS", "QUIT"}


def test_the_byte_that_begins_a_telnet_command_is_not_sent(tmp_path: Path) -> None:
    root = tmp_path / "server"
    (root / "base").mkdir(parents=True)
    # A name that is no UTF-8 shows that the server's names are latin-1.
    with FtpServer(root, {USER: "plain"}, quirks=Quirks(encoding="latin-1")) as ftp:
        house = House(tmp_path, ftp, root, "plain")
        (house.base / "dépôt.csv").write_bytes(b"")
        house.set("orders.from", "ÿ.csv")
        result = house.world.run("run", "orders")
        assert (result.exit_code, "file name refused" in result.stderr) == (4, True), result
        assert not [line for line in ftp.commands if "ÿ" in line]


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_other_servers_take_names_as_they_are(
    tmp_path: Path, new_server: NewServer, kind: str
) -> None:
    world = make_world(tmp_path, new_server(kind))
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8")
    names = ["%2e%2e", "~", "~root", "-la", "..x", "*.xml"]
    for number, name in enumerate(names):
        world.shop_writes(Sale(str(number), {"370": 1}))
        place = text.replace("ftp:import/commandes_{time}.xml", f"ftp:import/{name}")
        config.write_text(place, encoding="utf-8")
        world.run_well("run", "orders")
    assert [path.name for path in world.xmls()] == sorted(names)


def test_a_line_end_of_unicode_in_a_value_moves_no_line_number() -> None:
    text = 'a = "x\u2028y\u0085z"\n[b]\nc = 1\n'
    assert key_lines(text)["b", "c"] == 3
