"""What the built programs find around them: frozen by itself, and laid beside them.

probe FILE: writes FILE, a line for each fact, since the windowed form can print nothing.
"""

import sys
from importlib import import_module
from pathlib import Path


def services() -> str:
    found = import_module("apprise").Apprise()
    urls = ("mailto://u:p@example.org", "ntfy://topic", "json://localhost/")
    return str(all(found.add(url) for url in urls))


def store() -> str:
    """The credential store's own way: written, read, removed."""
    keyring = import_module("keyring")
    keyring.set_password("passerelle-probe", "probe", "s3sâme")
    kept = keyring.get_password("passerelle-probe", "probe")
    keyring.delete_password("passerelle-probe", "probe")
    gone = keyring.get_password("passerelle-probe", "probe") is None
    return f"{type(keyring.get_keyring()).__name__} {kept == 's3sâme' and gone}"


def french() -> str:
    language = import_module("passerelle.base.language")
    language.speak("fr")
    return str(language.spoken())


def tables() -> str:
    """A table as Excel reads it, and back."""
    openpyxl = import_module("openpyxl")
    path = Path(sys.argv[1]).with_suffix(".xlsx")
    book = openpyxl.Workbook()
    book.active.append(["0370", 2])
    book.save(path)
    return str([list(row) for row in openpyxl.load_workbook(path).active.values])


def toml() -> str:
    """A config.toml whose comments stay."""
    tomlkit = import_module("tomlkit")
    document = tomlkit.parse("a = 1 # é\n")
    document["a"] = 2
    return tomlkit.dumps(document).strip()


FACTS = {
    "stdout": lambda: str(sys.stdout and sys.stdout.encoding),
    "services": services,
    "store": store,
    "french": french,
    "tables": tables,
    "toml": toml,
    "table": lambda: import_module("rich.table").Table.__name__,
}


def told(name: str) -> str:
    try:
        return FACTS[name]()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


with Path(sys.argv[1]).open("w", encoding="utf-8", newline="\n") as file:
    file.writelines(f"{name}: {told(name)}\n" for name in FACTS)
