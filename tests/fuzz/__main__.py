"""``python -m tests.fuzz --cases N``: a long search, spread over all targets."""

import argparse
import sys
import time
import traceback

from tests.fuzz.targets import TARGETS


def main() -> int:
    """Tries the cases, and prints for each target what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="over all targets together")
    parser.add_argument("--target", default="", help="only those with this in their name")
    options = parser.parse_args()
    targets = [target for target in TARGETS if options.target in target.name]
    each = options.cases / sum(target.share for target in targets)
    tried = failures = 0
    for target in targets:
        start = time.monotonic()
        try:
            outcomes = target.run(round(each * target.share))
        except Exception:
            failures += 1
            sys.stdout.write(f"{target.name}: FAILED\n{traceback.format_exc()}\n")
            continue
        tried += outcomes.total()
        seconds = time.monotonic() - start
        sys.stdout.write(f"{target.name}: {outcomes.total()} cases in {seconds:.0f} s\n")
        for outcome, number in outcomes.most_common():
            sys.stdout.write(f"  {number:8} {outcome}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{tried} cases passed, {failures} of {len(targets)} targets failed\n")
    return 1 if failures or not targets else 0


if __name__ == "__main__":
    sys.exit(main())
