"""``compare``: what differs between two files, or two folders of them, by what their rows are of.

For whoever runs two systems side by side before one of them is switched off. The order of rows and
of columns does not count, nor how a number is written: 5, 5.0 and 5,00 are the same.
"""

from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from passerelle.base.errors import UnreachableError, UsageError
from passerelle.base.language import _, n_
from passerelle.base.regex import regex
from passerelle.base.words import fold, gtin, is_gtin
from passerelle.runs.comparison_files import Key, Rows, Terms, is_xml, read_csv, read_xmls

# Three decimals may be thousands, and zeros in front make it no number but a code.
_NUMBER = regex(r"-?(?:0|[1-9][0-9]*)(?:[.,](?![0-9]{3}$)[0-9]+)?")
_ENDINGS = (".csv", ".txt", ".xml")


class Difference(Struct, frozen=True):
    """What a row of both says in a column."""

    key: Key
    column: str
    old: str
    new: str


class Comparison(Struct, frozen=True):
    """What differs between two files, or the XMLs of two folders."""

    old: Rows
    new: Rows
    only_old: tuple[Key, ...]
    only_new: tuple[Key, ...]
    columns_only_old: tuple[str, ...]
    columns_only_new: tuple[str, ...]
    different: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        return not any((
            *(self.only_old, self.only_new, self.different),
            *(self.columns_only_old, self.columns_only_new),
        ))  # fmt: skip


class Compared(Struct, frozen=True):
    """Every comparison; and the files of which the other folder has none of that name."""

    comparisons: tuple[Comparison, ...]
    files_only_old: tuple[str, ...] = ()
    files_only_new: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        alone = self.files_only_old or self.files_only_new
        return not alone and all(one.is_equal for one in self.comparisons)


def compare_paths(old: Path, new: Path, terms: Terms) -> Compared:
    """Reads both and compares them. Raises :class:`UsageError` for two of different kinds, and what
    :func:`read_csv` and :func:`read_xmls` do."""
    if old.is_dir() != new.is_dir():
        what = _("one is a folder, the other a file")
        raise UsageError(what, f"{old}, {new}", _("name two of a kind"))
    if old.is_dir():
        return _compare_folders(old, new, terms)
    if is_xml(old) != is_xml(new):
        what = _("one is XML, the other is not")
        raise UsageError(what, f"{old}, {new}", _("name two of a kind"))
    read = _read_one_xml if is_xml(old) else read_csv
    found = compare_rows(read(old, terms), read(new, terms), terms)
    return Compared((found,), notes=(*found.old.notes, *found.new.notes))


def _read_one_xml(path: Path, terms: Terms) -> Rows:
    return read_xmls([path], str(path), terms)


def _compare_folders(old: Path, new: Path, terms: Terms) -> Compared:
    """XMLs by the orders in them, whatever their names; other files by their names."""
    mine, others = _Folder(old), _Folder(new)
    comparisons = list[Comparison]()
    if mine.xmls or others.xmls:
        one, other = (read_xmls(side.xmls, str(side.path), terms) for side in (mine, others))
        comparisons.append(compare_rows(one, other, terms))
    for name in (name for name in mine.tables if name in others.tables):
        one, other = (read_csv(side.tables[name], terms) for side in (mine, others))
        comparisons.append(compare_rows(one, other, terms))
    return Compared(
        tuple(comparisons),
        tuple(str(path) for name, path in mine.tables.items() if name not in others.tables),
        tuple(str(path) for name, path in others.tables.items() if name not in mine.tables),
        tuple(note for side in (mine, others) for note in side.notes())
        + tuple(note for found in comparisons for note in (*found.old.notes, *found.new.notes)),
    )


class _Folder:
    """The files of a folder: XMLs, and others by what Windows takes for one name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            found = sorted(one for one in path.rglob("*") if one.is_file())
        except OSError as error:
            what = _("the folder cannot be read")
            raise UnreachableError(what, str(path), error.strerror or "") from error
        read = [one for one in found if one.suffix.casefold() in _ENDINGS]
        if not read:
            mend = _("name the folder that the files are in")
            raise UnreachableError(_("no CSV and no XML is in the folder"), str(path), mend)
        self.xmls = [one for one in read if is_xml(one)]
        self.tables = {one.relative_to(path).as_posix().casefold(): one
                       for one in read if one not in self.xmls}  # fmt: skip
        self._left = len(found) - len(read)

    def notes(self) -> Iterator[str]:
        if self._left:
            yield n_(
                "{folder}: {n} file is neither CSV nor XML by its name, and was not read",
                "{folder}: {n} files are neither CSV nor XML by their names, and were not read",
                self._left,
                folder=self.path,
            )


def compare_rows(old: Rows, new: Rows, terms: Terms) -> Comparison:
    """Columns are the same where they differ in case and accents alone.

    Of an XML, an element that an order lacks is a blank one.
    """
    mine, others = (
        {fold(name): name for name in rows.columns if terms.counts(name)} for rows in (old, new)
    )
    if old.is_xml:
        mine, others = {**others, **mine}, {**mine, **others}
    keyed = set(map(fold, (*old.keyed, *new.keyed)))
    same = [(mine[name], others[name]) for name in mine if name in others and name not in keyed]
    return Comparison(
        old,
        new,
        tuple(_alone(old, new)),
        tuple(_alone(new, old)),
        tuple(mine[name] for name in mine if name not in others),
        tuple(others[name] for name in others if name not in mine),
        tuple(_different(old, new, same)),
    )


def _alone(rows: Rows, other: Rows) -> Iterator[Key]:
    """The keys that the other has not; of an order that it has not at all, not each line."""
    for key in rows.rows:
        if key not in other.rows and (not key.line or Key(key.one) in other.rows):
            yield key


def _different(old: Rows, new: Rows, same: Collection[tuple[str, str]]) -> Iterator[Difference]:
    for key, row in old.rows.items():
        other = new.rows.get(key)
        for mine, its in same if other is not None and other != row else ():
            one, two = row.get(mine, ""), other.get(its, "") if other else ""
            if one != two and _plain(one) != _plain(two):
                yield Difference(key, mine, one, two)


def _plain(text: str) -> str:
    """In the form in which texts compare."""
    if is_gtin(text):
        return gtin(text)
    if not _NUMBER.fullmatch(text):
        return " ".join(text.split())
    return format(Decimal(text.replace(",", ".")).normalize() + 0, "f")
