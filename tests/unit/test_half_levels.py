"""Half an upload of levels to its final name: it goes, and what it wrote over was not taken."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passerelle.base.deadline import Deadline
from passerelle.config.model import Settings
from passerelle.exchange.outbox import Outbox
from passerelle.exchange.sending import Sender
from passerelle.ledger.ledger import open_ledger
from passerelle.ledger.outbox import Promise
from passerelle.model.location import Location
from passerelle.model.states import Kind, Stage
from passerelle.remotes.folder import FolderRemote

NOW = datetime(2026, 11, 22, 10, 27, tzinfo=UTC)
STOCK = Location("shop", "ExportCSVmod.csv")
FACTS = {"source_sha256": "0", "source_modified": None, "lines": 1, "in_stock": 1}
WHOLE = b"ID\n123\n"


@pytest.mark.parametrize(
    ("lies", "stages"),
    [
        (b"ID\n1", (Stage.WITHDRAWN, Stage.ABANDONED)),
        (b"ID\n124\n", (Stage.WITHDRAWN, Stage.ABANDONED)),  # the one before, of the same size
        (WHOLE, (Stage.SUPERSEDED, Stage.SENT)),
        (None, (Stage.SENT, Stage.ABANDONED)),
    ],
)
def test_an_upload_that_was_begun(
    tmp_path: Path, lies: bytes | None, stages: tuple[Stage, Stage]
) -> None:
    root = tmp_path / "server"
    root.mkdir()
    tree = {
        "folder": str(tmp_path),
        "servers": {"shop": {"url": root.as_uri(), "publish": "direct"}},
    }
    context = {"folder": tmp_path, "servers": ("shop",)}
    settings = Settings.model_validate(tree, context=context)
    remote = FolderRemote("shop", settings.servers["shop"], "", Deadline(timedelta(minutes=1)))
    ledger = open_ledger(tmp_path)

    def do(deed: Callable[[], object], _would: str) -> None:
        deed()

    outbox = Outbox(Sender(settings, ledger, lambda _name: remote, lambda: NOW, print, do))
    outbox.levels.send_stock(STOCK, b"ID\n124\n", [], **FACTS)
    promise = outbox._sender.promise(Kind.STOCK, STOCK, WHOLE)
    assert isinstance(promise, Promise)
    begun = ledger.dispatches.prepare_stock(promise, NOW, (), **FACTS)
    ledger.dispatches.stage(begun, NOW, None)
    path = root / STOCK.path
    path.unlink() if lies is None else path.write_bytes(lies)
    outbox.levels.settle(Kind.STOCK)
    assert path.exists() == (lies == WHOLE)
    found = (ledger.dispatches.last(Kind.STOCK, stages=(stage,)) for stage in stages)
    assert [one.number if one else None for one in found] == [begun.number - 1, begun.number]
    ledger.close()
