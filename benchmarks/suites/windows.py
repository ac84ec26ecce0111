"""The Windows programs: how long they take to start and to run, warm and cold, and what weighs.

``PASSERELLE_WINDOWS`` names the folder in which ``.ci/windows`` has built them, with the Windows
Python under Wine; ``PASSERELLE_ONEFILE=1`` builds them as one file there too, to be compared.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import ROOT, Contender, take_turns
from benchmarks.shop import Shop
from benchmarks.suites.shared import Outcome, Scale
from scripts.build_exe import weights

_CACHES = Path("/proc/sys/vm/drop_caches")
_NOTHING = "cmd /c exit"
ORDERS = 40


def windows(folder: Path, scale: Scale) -> Iterator[Outcome]:
    """Programs that do nothing, start and run; then the same after the disk's cache is emptied."""
    built = Path(os.environ.get("PASSERELLE_WINDOWS") or folder / "nothing")
    program = built / "source" / "dist" / "passerelle" / "passerelle.exe"
    if not program.exists():
        why = "Left out: PASSERELLE_WINDOWS names no folder in which `.ci/windows` has built them."
        yield Outcome("Windows programs", 0, {}, (why,))
        return
    programs = {"": program}
    if os.environ.get("PASSERELLE_ONEFILE"):
        programs[", one file"] = _one_file(built)
    shop = _shop(folder, built, program)
    with _awake(built, folder):
        for state in ("warm", *(("cold",) if os.access(_CACHES, os.W_OK) else ())):
            contenders = [*_contenders(shop, built, programs, cold=state == "cold")]
            timings = take_turns(contenders, scale.rounds)
            yield Outcome(f"Windows programs under Wine, {state}", 0, timings, ours=_NOTHING)
    sizes = [f"- {line.strip()}" for line in weights(program.parent)]
    alone = [f"- {path.stat().st_size / 1e6:.1f} MB  as one file" for path in programs.values()
             if path != program]  # fmt: skip
    yield Outcome("Windows programs, size", 0, {}, (*sizes, *alone))


def _contenders(
    shop: Shop, built: Path, programs: dict[str, Path], *, cold: bool
) -> Iterator[Contender]:
    def prepare() -> None:
        shop.lay_out()
        if cold:
            _CACHES.write_text("3\n", encoding="ascii")

    run = str(built / "wine-run")
    environment = {"WINEPREFIX": str(built / "prefix")}
    config = ("--config", _native(shop.folder / "config.toml"))
    commands: dict[str, tuple[str, ...]] = {
        _NOTHING: (run, "C:\\windows\\system32\\cmd.exe", "/c", "exit")
    }
    for suffix, program in programs.items():
        commands[f"--version{suffix}"] = (run, str(program), "--version")
        commands[f"run orders, {ORDERS} new{suffix}"] = (
            run,
            str(program),
            *config,
            "run",
            "orders",
        )
    for name, command in commands.items():
        yield Contender(name, command, prepare, environment)


def _shop(folder: Path, built: Path, program: Path) -> Shop:
    """A shop on a folder; its first run has left a ledger."""
    shop = Shop(folder / "shop")
    shop.server.mkdir(parents=True)
    shop.log.touch()
    shop.configure(f"file:///Z:{shop.server}")
    shop.open_with(1, 10)
    command = (str(built / "wine-run"), str(program), "--config")
    Contender("play", (*command, _native(shop.folder / "config.toml"), "run", "orders")).check()
    shop.takes_all()
    shop.open_with(1 + ORDERS, 10)
    shop.remember()
    return shop


def _awake(built: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Keeps Wine's own services alive: they are not ours to be timed."""
    there = folder / "awake"
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).touch(); sys.stdin.read()"
    command = [str(built / "wine-python"), "-c", script, _native(there)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    while not there.exists() and process.poll() is None:
        time.sleep(0.1)
    return process


def _one_file(built: Path) -> Path:
    """The same program packed into one file, which unpacks itself at each start."""
    program = built / "one-file" / "passerelle-onefile.exe"
    if not program.exists():
        source = built / "source"
        spec = ROOT / "benchmarks" / "onefile.spec"
        places = ("--distpath", _native(program.parent), "--workpath", _native(built / "one-work"))
        command = [str(built / "wine-python"), "-m", "PyInstaller", _native(spec), "--noconfirm"]
        environment = os.environ | {"PASSERELLE_SOURCE": _native(source)}
        subprocess.run([*command, "--log-level=ERROR", *places], check=True, cwd=source,
                       env=environment, stdout=sys.stderr)  # fmt: skip
    return program


def _native(path: Path) -> str:
    """A path as a program under Wine has it."""
    return "Z:" + str(path).replace("/", "\\")
