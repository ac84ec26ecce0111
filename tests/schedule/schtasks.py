"""A ``schtasks`` for the tests: a real program that keeps tasks in a folder and speaks French.

It does what Passerelle asks of Windows' own, with its exit codes: 1 whatever is wrong, and with
``/HRESULT`` its low byte. ``refused`` in the folder makes it refuse, ``silent`` say nothing,
``hung`` not answer.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
ElementTree.register_namespace("", NAMESPACE.strip("{}"))
NO_FILE, DENIED = 2, 5


def main(folder: Path, words: list[str]) -> None:
    with (folder / "calls.txt").open("a", encoding="utf-8") as calls:
        calls.write("\t".join(words) + "\n")
    options = dict(pairwise(words[1:]))
    file = folder / (options["/TN"].replace("\\", "-") + ".xml")
    if (folder / "silent").exists():
        return
    if (folder / "hung").exists():
        # What it starts outlives it, and holds its output.
        subprocess.run([sys.executable, "-c", "import time; time.sleep(15)"], check=False)
    if (folder / "refused").exists():
        fail(words, DENIED, "Accès refusé.")
    if words[0] == "/Create":
        file.write_bytes(checked(Path(options["/XML"]).read_bytes()))
    elif not file.exists():
        fail(words, NO_FILE, "Le fichier spécifié est introuvable.")
    elif words[0] == "/Delete":
        file.unlink()
    elif words[0] == "/Change":
        switch(file, "true" if "/ENABLE" in words else "false")
    elif options.get("/XML") == "ONE":
        sys.stdout.write(file.read_bytes().decode("utf-16"))
    else:
        for _ in ElementTree.fromstring(file.read_bytes()).iter(f"{NAMESPACE}CalendarTrigger"):
            sys.stdout.write(row(folder, options["/TN"]))


def checked(data: bytes) -> bytes:
    """As Windows, takes only UTF-16 that says so."""
    assert data.startswith(b"\xff\xfe")
    assert data.decode("utf-16").startswith('<?xml version="1.0" encoding="UTF-16"?>')
    ElementTree.fromstring(data)
    return data


def switch(file: Path, value: str) -> None:
    tree = ElementTree.fromstring(file.read_bytes())
    for enabled in tree.iterfind(f"{NAMESPACE}Settings/{NAMESPACE}Enabled"):
        enabled.text = value
    file.write_bytes(ElementTree.tostring(tree, encoding="UTF-16"))


def row(folder: Path, name: str) -> str:
    result = folder / "result"
    code = result.read_text("ascii") if result.exists() else "267011"
    cells = ("SERVEUR", f"\\{name}", "24/11/2026 20:57:00", "Prêt", "Interactif ou en arrière-plan")
    more = ("24/11/2026 20:27:03", code, "N/A", "passerellew.exe", "D:\\Passerelle é")
    return ",".join(f'"{cell}"' for cell in (*cells, *more)) + "\r\n"


def fail(words: list[str], low: int, text: str) -> None:
    sys.stderr.write(f"ERREUR : {text}\n")
    sys.exit(low if "/HRESULT" in words else 1)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    main(Path(os.environ["SCHTASKS_FOLDER"]), sys.argv[1:])
