"""Brings the French catalogue up to the messages in the code, with Babel.

``python -m scripts.messages`` extracts what ``_``, ``N_`` and ``n_`` mark, what click says, and
what ``--help`` does; it updates the .po file, and writes what is read at run time: the .mo file,
and fr.json for the tills' page. What has no French yet is listed; translate it in the .po file, and
run this again. Exit code 1 while anything is missing.
"""

import ast
import io
import json
import re
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from passerelle.cli import COMMANDS, cli, click_words, spoken_help

PACKAGE = Path(__file__).parents[1] / "passerelle"
PO = PACKAGE / "locale" / "fr" / "LC_MESSAGES" / "passerelle.po"
KEYWORDS = {"_": None, "N_": None, "n_": (1, 2)}
PAGE = "tills/page/"
FOR_PAGE = PACKAGE / PAGE / "fr.json"
METHODS = [
    ("**.py", "scripts.messages:in_python"),
    ("**.html", "jinja2"),
    (f"{PAGE}**.js", "scripts.messages:in_script"),
]
_IN_SCRIPT = re.compile(r'(?<![\w.])_\(\s*("(?:[^"\\]|\\.)*")')
Found = tuple[int, str, tuple[str | None, ...], list[str]]


def in_python(
    file: BinaryIO, keywords: Collection[str], tags: Collection[str], options: object
) -> Iterator[Found]:
    """The marked messages of a module, as Babel asks for them.

    Babel's own extractor finds nothing inside f-strings, or all, by the version of Python.
    """
    source = file.read().decode("utf-8")
    lines = source.splitlines()
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in keywords:
            texts = tuple(_text(argument) for argument in call.args)
            comments = list(_comments(lines[: call.lineno - 1], tags))
            yield call.lineno, call.func.id, texts, comments


def in_script(
    file: BinaryIO, keywords: Collection[str], tags: Collection[str], options: object
) -> Iterator[Found]:
    """The marked messages of the page's scripts."""
    for number, line in enumerate(file.read().decode("utf-8").splitlines(), 1):
        for found in _IN_SCRIPT.finditer(line):
            yield number, "_", (json.loads(found[1]),), []


def _text(argument: ast.expr) -> str | None:
    value = argument.value if isinstance(argument, ast.Constant) else None
    return value if isinstance(value, str) else None


def _comments(above: Sequence[str], tags: Collection[str]) -> Iterator[str]:
    """The translators' comment that stands right above a message."""
    comment = above[-1].strip().removeprefix("#").strip() if above else ""
    if any(comment.startswith(tag) for tag in tags):
        yield comment


def messages() -> Catalog:
    """A catalogue of all that the code marks, without any translation."""
    catalogue = Catalog(locale="fr", project="passerelle", fuzzy=False)
    for name, line, message, comments, _ in extract_from_dir(
        PACKAGE, METHODS, keywords=KEYWORDS, comment_tags=("Translators:",)
    ):
        catalogue.add(message, locations=[(name.replace("\\", "/"), line)], auto_comments=comments)
    for words in click_words.MESSAGES:
        catalogue.add(words, locations=[("cli/click_words.py", 0)])
    for text in (*(one.help for one in COMMANDS.values()), *_helps(cli)):
        catalogue.add(text, locations=[("cli/spoken_help.py", 0)])
    return catalogue


def _helps(command: click.Command) -> Iterator[str]:
    """What ``--help`` says of a command and of all in it."""
    yield from spoken_help.texts_of(command)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if below := command.get_command(context, name):
                yield from _helps(below)


def french() -> Catalog:
    """The catalogue as translated so far."""
    if not PO.exists():
        return Catalog(locale="fr", project="passerelle", fuzzy=False)
    with PO.open("rb") as file:
        return read_po(file, locale="fr")


def updated() -> Catalog:
    """The translations of what the code marks now; what it lacks is empty."""
    catalogue, template = french(), messages()
    # Else each update would change the file, whether messages changed or not.
    template.creation_date = catalogue.creation_date
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def missing(catalogue: Catalog) -> list[str]:
    """The messages without French."""
    return [str(message.id) for message in catalogue if message.id and not _is_done(message.string)]


def _is_done(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


def compiled(catalogue: Catalog) -> bytes:
    """The .mo file's bytes."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def for_page(catalogue: Catalog) -> bytes:
    """The French of the tills' page, as JSON."""
    table = {
        message.id: message.string
        for message in catalogue
        if any(name.startswith(PAGE) for name, _line in message.locations)
    }
    return json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True).encode() + b"\n"


def main() -> int:
    """Writes the three files; tells what is missing."""
    catalogue = updated()
    with PO.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, include_lineno=False)
    PO.with_suffix(".mo").write_bytes(compiled(catalogue))
    FOR_PAGE.write_bytes(for_page(catalogue))
    lacking = missing(catalogue)
    for message in lacking:
        print(f"no French yet: {message}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
