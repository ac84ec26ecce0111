"""``python -m tests.planted``: plants each fault in a copy of the tree; does a test notice?

What was found is kept in build/planted.json, so that a search that was broken off goes on. Of
that, what is still good: a fault whose text, file and noticing test are what they were. Ends
with 1 where a fault was missed, could not be planted, or nothing could be said of it.

``--by tests/e2e/test_machine.py`` asks whether other tests than those of its room would notice a
fault: of that, nothing is kept.
"""

import argparse
import hashlib
import json
import random
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.planted import ROOT, Fault, load
from tests.planted.field import CAUGHT, UNCLEAR, Field, Verdict, field

STATE = ROOT / "build" / "planted.json"
Found = dict[str, Verdict]


def main() -> int:
    """Tries the faults that were asked for, and prints the table."""
    options = _options()
    faults = _chosen(load(), options)
    if options.list or not faults:
        sys.stdout.writelines(f"{fault.name}\n" for fault in faults)
        return 0 if faults else 2
    # Who ends the search ends what it has started, and its copy goes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    keeps = not options.by
    found = {} if options.again or not keeps else _kept(faults)
    with field(options.limit, whole_suite=keeps and not options.rooms) as place:
        for number, fault in enumerate(faults, 1):
            if fault.name not in found:
                verdict = found[fault.name] = place.try_one(fault)
                _tell(f"{number}/{len(faults)} {fault.name}: {verdict.word}: {verdict.by}")
                if keeps:
                    _keep(place.folder, fault, verdict)
        _doubt(place, faults, found)
    sys.stdout.write(table(faults, found))
    return 0 if all(_is_good(found[fault.name]) for fault in faults) else 1


def table(faults: Sequence[Fault], found: Mapping[str, Verdict]) -> str:
    """What became of the faults, in Markdown."""
    lines = ["| planted | caught by | seconds |", "|---|---|---|"]
    for fault in faults:
        verdict = found[fault.name]
        by = f"`{verdict.by}`" if _is_good(verdict) else f"**{verdict.word}**: {verdict.by}"
        lines.append(f"| {fault.name} | {by} | {verdict.seconds:.0f} |")
    caught = sum(_is_good(found[fault.name]) for fault in faults)
    return "\n".join([*lines, "", f"{caught} of {len(faults)} caught", ""])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", default=[], metavar="NAME", help="those with this in name or file")
    add("--sample", type=int, default=0, metavar="N", help="so many of them, by the seed")
    add("--seed", default=f"{datetime.now(UTC):%Y-%m-%d}", help="for the sample; else the day")
    add("--rooms", action="store_true", help="only the tests of a fault's room, not all tests")
    add("--by", nargs="+", default=[], metavar="TESTS", help="these tests, and no others")
    add("--again", action="store_true", help="try those too that were tried before")
    add("--limit", type=float, default=1800, metavar="SECONDS", help="for one fault")
    add("--list", action="store_true", help="name them and do nothing")
    return parser.parse_args()


def _chosen(faults: Sequence[Fault], options: argparse.Namespace) -> Sequence[Fault]:
    if options.only:
        faults = [f for f in faults if any(one in (f.name + f.file) for one in options.only)]
    if options.sample:
        chance = random.Random(options.seed)
        faults = chance.sample(faults, min(options.sample, len(faults)))
    if options.by:
        faults = [replace(fault, tests=tuple(options.by)) for fault in faults]
    return faults


def _doubt(place: Field, faults: Sequence[Fault], found: Found) -> None:
    """A test that fails without any fault has noticed nothing."""
    tests = {found[f.name].by for f in faults if _is_good(found[f.name])}
    while tests and (failed := place.fails_when_healthy(tests)):
        tests.remove(failed)
        for fault in faults:
            if _is_good(found[fault.name]) and found[fault.name].by == failed:
                why = f"{failed} fails without it too"
                found[fault.name] = Verdict(UNCLEAR, why, found[fault.name].seconds)


def _is_good(verdict: Verdict) -> bool:
    return verdict.word == CAUGHT


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _read() -> dict[str, dict[str, object]]:
    try:
        state: dict[str, dict[str, object]] = json.loads(STATE.read_bytes())
    except (OSError, ValueError):
        return {}
    return state


def _kept(faults: Sequence[Fault]) -> Found:
    """The faults that an earlier search saw caught, if what that rests on is as it was."""
    state, found = _read(), {}
    for fault in faults:
        if fault.name in state:
            was, *values = state[fault.name].values()
            verdict = Verdict(*values)  # type: ignore[arg-type]
            if _is_good(verdict) and was == _basis(ROOT, fault, verdict):
                found[fault.name] = verdict
    return found


def _keep(root: Path, fault: Fault, verdict: Verdict) -> None:
    state = _read() | {fault.name: {"basis": _basis(root, fault, verdict), **asdict(verdict)}}
    STATE.parent.mkdir(exist_ok=True)
    part = STATE.with_suffix(".part")
    part.write_text(json.dumps(state, indent=1, ensure_ascii=False), encoding="utf-8")
    Path(part).replace(STATE)


def _basis(root: Path, fault: Fault, verdict: Verdict) -> str:
    """What a verdict rests on, in short: the fault, its file, the file of the test."""
    basis = hashlib.sha256(repr(fault).encode())
    for name in (fault.file, verdict.by.partition("::")[0]):
        if (path := root / name).is_file():
            basis.update(path.read_bytes())
    return basis.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
