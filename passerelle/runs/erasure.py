"""``customer erase``: one person leaves the archives, the traces and the ledger's texts.

The story: read every XML and trace; find the person's orders by the e-mail address, and in them the
other strings that are theirs; hold if such an XML is still on its way, since its very bytes are to
be sent; tell the plan; carry it out.

The ledger's texts and the traces come first, the XMLs last: they alone know which words are the
person's, so the same command finishes an erasure that was interrupted, or that met a file which
another program holds. For that reason the XMLs wait where a trace with such words cannot be
written. The ledger notes each XML before it is rewritten: its SHA-256 fits no longer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field

from passerelle.archive.folders import EXPORTS, PENDING, TRACES, kept_in
from passerelle.archive.person import Person, person_of, redact_text
from passerelle.archive.redact import Names, Survey, redact, survey
from passerelle.base.durable import remove, rewrite_whole
from passerelle.base.errors import HeldError, UnreachableError, UsageError
from passerelle.base.language import N_, _
from passerelle.base.progress import moved
from passerelle.config.model import Settings
from passerelle.exchange.witness import Witness
from passerelle.health.report.page import FILE_NAME as REPORT
from passerelle.health.report.page import write_report
from passerelle.ledger.ledger import Ledger
from passerelle.model.runs import TRACE_NAMES
from passerelle.runs.kept_xmls import InFolder, InLedger, KeptXml, read_file

_LEDGER = "passerelle.db"
NOTE = N_("customer data erased from {name}, so its SHA-256 is no longer that of what was sent")


class Export(Struct, frozen=True):
    """An XML that holds the person; ``ids`` are of all orders that were sent in it."""

    file: KeptXml
    ids: frozenset[str]
    survey: Survey


class Erasure(Struct):
    """What is erased: a dry run prints this very plan, a real one carries it out.

    ``leftovers`` are XMLs that were written but never promised, ``texts`` counts the ledger's,
    ``failures`` tells of each file that could not be read or written why. ``is_blocked``: the XMLs
    must wait.
    """

    person: Person
    exports: list[Export] = field(default_factory=list)
    traces: list[Path] = field(default_factory=list)
    leftovers: list[KeptXml] = field(default_factory=list)
    texts: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    is_blocked: bool = False


class Eraser:
    """Erases one person, by their e-mail address, from what is kept in ``settings.folder``.

    Raises :class:`UsageError` for what is no e-mail address.
    """

    def __init__(self, settings: Settings, ledger: Ledger, email: str) -> None:
        self._settings, self._folder = settings, settings.folder
        self._ledger, self._email = ledger, email.strip()
        local, _at, domain = self._email.rpartition("@")
        if not local or not domain or len(self._email.split()) > 1:
            mend = _("give one like ann@example.org")
            raise UsageError(_("that is no e-mail address"), "", mend)
        self._address = Person(self._email)
        of_orders = settings.orders.xml.names if settings.orders else {}
        self._names = Names(of_orders, settings.fulfil.xml.names)
        self._places = frozenset(_places(settings))
        self._sent = ledger.erasure.archived()
        self._on_the_way = {d.archived for d in ledger.dispatches.unfinished()}

    def plan(self) -> Erasure:
        """Finds the person; changes nothing.

        Raises :class:`HeldError` where an XML that holds them is still to be sent, or where the
        ledger is not the one that sent the last XML.
        """
        Witness(self._folder).question(self._ledger)
        plan = Erasure(self._address)
        everyday = self._survey_exports(plan)
        self._refuse_on_the_way(plan)
        book = self._ledger.erasure
        fields = {found for export in plan.exports for found in export.survey.fields}
        plan.person = person_of(self._email, fields, everyday, book.proof() | self._places)
        self._read_traces(plan)
        plan.texts = book.count(plan.person.without, plan.person.without_address)
        if any(self._address.is_named_in(id) for id in book.ids()):
            why = _("it stands as an order's id: see `{forget} --help`")
            plan.failures[_LEDGER] = why.format(forget="passerelle orders forget")
        return plan

    def carry_out(self, plan: Erasure, now: datetime) -> None:
        """Does what the plan says, as far as it can; ``plan.failures`` tells the rest."""
        book, person = self._ledger.erasure, plan.person
        book.rewrite(person.without, person.without_address)
        for path in plan.traces:
            self._rewrite_trace(path, plan)
        for file in plan.leftovers:
            with self._told(file.shown, plan):
                file.remove()
        for export in plan.exports:
            if plan.is_blocked:
                plan.failures[export.file.shown] = _("it waits for the traces")
            else:
                self._rewrite_export(export, plan, now)
        self._rewrite_report(plan, now)
        if not book.compact():
            why = _("another program reads it: its log was not emptied")
            plan.failures[_LEDGER] = why

    def name(self, path: Path) -> str:
        """A file's name below the folder, the same on every system."""
        return path.relative_to(self._folder).as_posix()

    # --- the XMLs ----------------------------------------------------------------------------

    def _survey_exports(self, plan: Erasure) -> set[str]:
        """Reads every XML; returns the archive's everyday words."""
        everyday: set[str] = set()
        for file in self._exports():
            moved(1)
            if file.is_pending and file.name not in self._on_the_way:
                plan.leftovers.append(file)
                continue
            with self._told(file.shown, plan):
                ids = frozenset(id for _, id in self._sent.get(file.name, ()))
                found = survey(file.read(), self._address, self._names, ids)
                everyday |= found.everyday
                if found.is_named:
                    plan.exports.append(Export(file, ids, found))
        return everyday

    def _exports(self) -> Iterator[KeptXml]:
        """Those of the folder also where the ledger keeps them now: they were there before."""
        for path in kept_in(self._folder / EXPORTS):
            yield InFolder(path, self.name(path))
        for one in self._ledger.kept.files(EXPORTS):
            yield InLedger(self._ledger.kept, one)

    def _refuse_on_the_way(self, plan: Erasure) -> None:
        for export in plan.exports:
            if export.file.name in self._on_the_way:
                raise HeldError(
                    _("an XML with this customer is still on its way to the ERP"),
                    export.file.shown,
                    _("say `passerelle run orders` first, then this again; nothing was erased"),
                )

    def _rewrite_export(self, export: Export, plan: Erasure, now: datetime) -> None:
        mine = export.survey.orders
        file = export.file
        orders = [key for key in self._sent.get(file.name, ()) if key[1] in mine]
        with self._told(file.shown, plan):
            data = redact(file.read(), plan.person, self._names, export.ids)
            note = _(NOTE).format(name=file.shown)
            noted = self._ledger.erasure.note(sorted(orders), now, note)
            try:
                file.rewrite(data)
            except OSError:
                self._ledger.erasure.take_back(noted)
                raise

    # --- the traces --------------------------------------------------------------------------

    def _traces(self) -> Iterator[Path]:
        for name in TRACE_NAMES:
            path = self._folder / name
            # Beside it: what a replacement leaves that a power cut ended.
            yield from (p for p in (path, path.with_name(path.name + PENDING)) if p.is_file())
        yield from kept_in(self._folder / TRACES)

    def _read_traces(self, plan: Erasure) -> None:
        for path in self._traces():
            moved(1)
            try:
                data = read_file(path)
                is_theirs = redact_text(data, plan.person.without) != data
            except OSError as error:
                self._fail(plan, self.name(path), error)
                plan.is_blocked = True
            except ValueError as error:
                self._fail(plan, self.name(path), error)
            else:
                if is_theirs:
                    plan.traces.append(path)

    def _rewrite_trace(self, path: Path, plan: Erasure) -> None:
        with self._told(self.name(path), plan):
            data = read_file(path)
            without = redact_text(data, plan.person.without)
            try:
                rewrite_whole(path, without)
            except OSError:
                plan.is_blocked |= without != redact_text(data, self._address.without)
                raise

    # --- the report --------------------------------------------------------------------------

    def _rewrite_report(self, plan: Erasure, now: datetime) -> None:
        """It shows the ledger's texts, which are without the person now."""
        path = self._folder / REPORT
        with self._told(self.name(path), plan):
            if (part := path.with_name(path.name + PENDING)).exists():
                remove(part)
            if path.exists():
                write_report(self._settings, self._ledger, now)

    # --- what goes wrong ---------------------------------------------------------------------

    @contextmanager
    def _told(self, name: str, plan: Erasure) -> Iterator[None]:
        """One file that cannot be read or written hinders no other."""
        try:
            yield
        except (OSError, ValueError, UnreachableError) as error:
            self._fail(plan, name, error)

    def _fail(
        self, plan: Erasure, name: str, error: OSError | ValueError | UnreachableError
    ) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        plan.failures[name] = reason or str(error)


def _places(settings: Settings) -> Iterator[str]:
    """The names that every run writes into its trace."""
    for section in (settings.orders, settings.stock):
        if section:
            yield from (str(section.source), str(section.to))
    yield from (str(place) for place in (settings.fulfil.to, settings.fulfil.refused) if place)
