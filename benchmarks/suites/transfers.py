"""Downloads and uploads over the loopback: Passerelle's way beside curl's and lftp's.

The servers are Debian's vsftpd and OpenSSH, as the tests start them; one that is not installed is
left out, and that is said. Passerelle's download is the one of a run: size compared, read whole.
"""

import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.measure import Contender, Timings, python, take_turns
from benchmarks.suites.shared import OURS, DifferError, Outcome, Scale
from tests.servers import RunningServer
from tests.servers.certificates import make_certificates
from tests.servers.real import CannotStartError, start_real

_KINDS = {"vsftpd": "FTP (vsftpd)", "openssh": "SFTP (OpenSSH)"}


def transfers(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """The same bytes there and back."""
    folder.chmod(0o755)  # the servers are other users
    source = folder / "source.bin"
    source.write_bytes(random.Random(scale.transfer).randbytes(scale.transfer))
    certificates = make_certificates(folder)
    for kind, title in _KINDS.items():
        (folder / kind).mkdir()
        try:
            house = start_real(kind, folder / kind, certificates)
        except CannotStartError as error:
            yield Outcome(f"Transfers, {title}", 0, {}, (f"Left out: {error}.",))
            continue
        try:
            yield from _both_ways(title, house.new_base(), source, scale)
        finally:
            house.stop()


def _both_ways(title: str, base: RunningServer, source: Path, scale: Scale) -> Iterator[Outcome]:
    there = base.put("there.bin", source.read_bytes())
    arrived = source.with_name("arrived.bin")
    down = _take_turns(_downloads(base, arrived), source, arrived, scale)
    yield Outcome(f"Download, {title}", source.stat().st_size, down)
    there.unlink()
    up = _take_turns(_uploads(base, source, arrived), source, there, scale)
    yield Outcome(f"Upload, {title}", source.stat().st_size, up)
    there.unlink()


def _take_turns(
    commands: Mapping[str, Contender], source: Path, arrived: Path, scale: Scale
) -> dict[str, Timings]:
    """Each contender's file is looked at, the first time around."""
    commands = {name: one for name, one in commands.items() if shutil.which(one.command[0])}
    for contender in commands.values():
        contender.run(Timings(contender.name))
        place = arrived if contender.name != "raw copy" else source.with_name("arrived.bin")
        if place.read_bytes() != source.read_bytes():
            raise DifferError(f"{contender.name} brought other bytes")
        place.unlink()
    return take_turns([*commands.values()], scale.rounds)


def _downloads(base: RunningServer, to: Path) -> dict[str, Contender]:
    url = f"{base.url}/there.bin"
    return {
        OURS: _ours(base, "down", to),
        "curl": Contender("curl", ("curl", "-sS", *_curl(base), "-o", str(to), url)),
        "lftp": Contender("lftp", _lftp(base, f'get there.bin -o "{to}"')),
        "raw copy": _raw(base.root / "there.bin", to),
    }


def _uploads(base: RunningServer, source: Path, copy: Path) -> dict[str, Contender]:
    url, there = f"{base.url}/there.bin", base.root / "there.bin"
    fresh = partial(there.unlink, missing_ok=True)
    return {
        OURS: _ours(base, "up", source, fresh),
        "curl": Contender("curl", ("curl", "-sS", *_curl(base), "-T", str(source), url), fresh),
        "lftp": Contender("lftp", _lftp(base, f'put "{source}" -o there.bin'), fresh),
        "raw copy": _raw(source, copy),
    }


def _ours(
    base: RunningServer, way: str, path: Path, prepare: Callable[[], object] = lambda: None
) -> Contender:
    settings = json.dumps({"url": base.url, "password": base.password, **base.settings})
    contender = python(OURS, "transfer_passerelle", settings, way, path)
    return Contender(OURS, contender.command, prepare)


def _raw(source: Path, to: Path) -> Contender:
    return python("raw copy", "raw_copy", source, "", to)


def _curl(base: RunningServer) -> tuple[str, ...]:
    if base.kind != "openssh":
        return ("--user", f"{_user(base)}:{base.password}")
    key = base.settings["key_file"]
    return ("--user", f"{_user(base)}:", "--key", key, "--insecure")


def _lftp(base: RunningServer, command: str) -> tuple[str, ...]:
    settings = "set net:max-retries 1; set xfer:clobber yes; "
    if base.kind == "openssh":
        ssh = f"ssh -a -x -i {base.settings['key_file']}"
        ssh += f" -o UserKnownHostsFile={base.settings['known_hosts']}"
        settings += f'set sftp:connect-program "{ssh}"; '
    password = base.password or "none"
    login = f"open -u {_user(base)},{password} {base.url}; "
    return ("lftp", "--norc", "-c", settings + login + command)


def _user(base: RunningServer) -> str:
    return base.url.partition("://")[2].partition("@")[0]
