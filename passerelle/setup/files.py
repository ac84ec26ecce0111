"""The shop's and the ERP's file as they lie on the server: which column means what."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from msgspec import Struct, field
from pydantic import ValidationError

from passerelle.base.deadline import Deadline
from passerelle.base.errors import ConfigError, RejectedError
from passerelle.base.language import _
from passerelle.base.wording import shorten
from passerelle.base.words import fold, plain_word
from passerelle.config.columns import COLUMNS, What
from passerelle.config.guess.header import WITHOUT_TAX, about_grid
from passerelle.config.guess.proposal import propose
from passerelle.config.guess.sample import Sample, read_sample
from passerelle.config.servers import Server
from passerelle.remotes import open_remote

# Thousands of lines: enough to see what stands in each column.
_BEGINNING = 2_000_000
_LIMIT = timedelta(minutes=1)
_EXAMPLES = 3


class Mapped(Struct):
    """A file's columns by their key, with what it looked like; people change ``columns``.

    ``doubts`` says of a key why its column is a guess; ``taken_back`` are the keys whose column a
    person took from them.
    """

    what: What
    sample: Sample
    separator: str
    columns: dict[str, str]
    doubts: dict[str, str] = field(default_factory=dict)
    taken_back: list[str] = field(default_factory=list)

    def missing(self) -> list[str]:
        """The required keys without a column."""
        known = COLUMNS[self.what].items()
        return [
            key
            for key, column in known
            if column.required and not {key, column.or_else} & self.columns.keys()
        ]

    def examples(self, column: str) -> list[str]:
        """The first three values that differ."""
        values = self.sample.columns[self.sample.header.index(column)]
        found = dict.fromkeys(value.strip() for value in values if value.strip())
        return [shorten(value, 24) for value in [*found][:_EXAMPLES]]

    def column_called(self, text: str) -> str | None:
        """The header's name that people typed, as names compare."""
        return next((name for name in self.sample.header if fold(name) == fold(text)), None)

    def give(self, key: str, column: str) -> None:
        """Has ``key`` read from ``column``, which no other key has then; from none where empty."""
        self.taken_back += [k for k, c in self.columns.items() if c == column or k == key]
        self.columns = {k: c for k, c in self.columns.items() if c != column and k != key}
        said = self.doubts.items()
        self.doubts = {k: doubt for k, doubt in said if k in self.columns and k != key}
        if key == "unit_price" and WITHOUT_TAX.search(plain_word(column)):
            self.doubts[key] = _("it seems to be without tax: too little would be booked")
        if column:
            self.columns[key] = column


def file_names(name: str, server: Server) -> list[str]:
    """The CSV files in the server's base folder. Raises what connecting raises."""
    with closing(open_remote(name, server, Deadline(_LIMIT))) as remote:
        files = remote.list_files("")
    return sorted(file.name for file in files if file.name.lower().endswith((".csv", ".txt")))


def look_at(name: str, server: Server, path: str, what: What) -> Mapped:
    """Reads a file and guesses its columns.

    Raises what reading raises, and :class:`RejectedError` for what is no such file.
    """
    with closing(open_remote(name, server, Deadline(_LIMIT))) as remote:
        data = remote.fetch(path)
    file = path.rpartition("/")[2]
    sample = read_sample(data[:_BEGINNING], file, whole=len(data) <= _BEGINNING)
    proposal = propose(sample, what)
    if proposal.is_grid:
        raise RejectedError(about_grid()[0], f"{file}:1", about_grid()[1])
    return Mapped(
        what=what,
        sample=sample,
        separator=proposal.separator,
        columns={guess.key: guess.column for guess in proposal.guesses},
        doubts={guess.key: guess.doubt for guess in proposal.guesses},
    )


def server_at(url: str, password: str, folder: Path) -> Server:
    """A server as config.toml would name it; relative folders start from ``folder``.

    Raises :class:`ConfigError` for what is no URL.
    """
    try:
        return Server.model_validate({"url": url, "password": password}, context={"folder": folder})
    except ValidationError as error:
        # Not "from error": that holds the password.
        problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(problem) from None


def rows(mapped: Mapped) -> Iterator[tuple[str, str, str]]:
    """Each key that has a column, the column, and some of its values; in the order of the keys."""
    for key in COLUMNS[mapped.what]:
        if key in mapped.columns:
            column = mapped.columns[key]
            yield key, column, " · ".join(mapped.examples(column))
