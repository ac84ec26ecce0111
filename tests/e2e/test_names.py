"""Names in config.toml stay names: none leaves the base folder, none becomes an FTP command."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import scale
from tests.e2e.conftest import make_world
from tests.servers import HOST, PASSWORD, USER, RunningServer
from tests.servers.fixtures import NewServer
from tests.servers.ftp import FtpServer, Quirks
from tests.world import Sale, tree

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
        name = key.partition(".")[2]
        self.world.configure()
        self.world.edit((f'{name} = "ftp:{PLACES[key]}"', f'{name} = "ftp:{value}"'))

    def set_url(self, url: str) -> None:
        self.world.configure()
        self.world.edit((f"{USER}@{HOST}:{self.ftp.port}/base", url))

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
    for value in REFUSED[KEYS.index(key) :: scale.pick(4, 1, 1)]:
        house.set(key, value)
        result = house.world.fails("run", "orders", code=3, words=f": {key}: ")
        assert len(result.stderr.splitlines()) == 1
    assert house.ftp.commands == []
    house.look()


@pytest.mark.parametrize("key", KEYS)
def test_an_odd_name_means_itself(house: House, key: str) -> None:
    for value in LITERAL[KEYS.index(key) :: scale.pick(4, 1, 1)]:
        name = value.replace('\\"', '"')
        if key.endswith("from"):
            source = house.base / PLACES[key]
            (house.base / name).write_bytes(source.read_bytes())
        house.set(key, value)
        assert house.world.run("check").exit_code == 0, value
        result = house.world.run("run", key.partition(".")[0])
        assert result.exit_code in (0, 5), (value, result)
    house.look()


def test_a_url_neither_goes_up_nor_injects_anything(house: House) -> None:
    place = f"{HOST}:{house.ftp.port}"
    for url, words in (
        (f"{USER}@{place}/..", "servers.ftp.url"),
        (f"{USER}@{place}/base/../..", "servers.ftp.url"),
        (f"{USER}@{place}/%2e%2e/base", "servers.ftp.url"),
        (f"{USER}@{place}/base%2f..%2fbase", "servers.ftp.url"),
        (f"user%0d%0aDELE%20keep.csv@{place}/base", "control characters"),
        (f"user%C2%85@{place}/base", "control characters"),
        (f"{USER}@{place}/user%00", "control characters"),
        (f"{USER}@{place}/user%0A", "control characters"),
    ):
        house.set_url(url)
        house.world.fails("run", "orders", code=3, words=words)
    assert house.ftp.commands == []
    house.look()


def test_an_odd_user_is_only_a_user(house: House) -> None:
    for user in ("-la", "~root", "a%20b", "*", "a%27b", "..", "%2e%2e"):
        house.set_url(f"{user}@{HOST}:{house.ftp.port}/base")
        house.world.fails("run", "orders", code=4, words="login refused")
    assert {line.split(" ")[0] for line in house.ftp.commands} <= {"USER", "PASS", "QUIT"}


def test_the_byte_that_begins_a_telnet_command_is_not_sent(tmp_path: Path) -> None:
    root = tmp_path / "server"
    (root / "base").mkdir(parents=True)
    # A name that is no UTF-8 shows that the server's names are latin-1.
    with FtpServer(root, {USER: "plain"}, quirks=Quirks(encoding="latin-1")) as ftp:
        house = House(tmp_path, ftp, root, "plain")
        (house.base / "dépôt.csv").write_bytes(b"")
        house.set("orders.from", "ÿ.csv")
        house.world.fails("run", "orders", code=4, words="file name refused")
        assert not [line for line in ftp.commands if "ÿ" in line]


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_other_servers_take_names_as_they_are(
    tmp_path: Path, new_server: NewServer, kind: str
) -> None:
    world = make_world(tmp_path, new_server(kind))
    names = ["%2e%2e", "~", "~root", "-la", "..x", "*.xml"]
    for number, name in enumerate(names):
        world.configure()
        world.edit(("ftp:import/commandes_{time}.xml", f"ftp:import/{name}"))
        world.sends(Sale(str(number), {"370": 1}))
    assert [path.name for path in world.xmls()] == sorted(names)
