"""``python -m tests.golden``: writes the expected files of all golden pairs anew."""

import sys

from tests.golden import regenerate

if __name__ == "__main__":
    changed = list(regenerate())
    sys.stdout.writelines(f"{name}\n" for name in changed)
    sys.stdout.write(f"{len(changed)} files changed; read each difference before you keep it\n")
