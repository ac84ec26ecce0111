"""Passerelle's own way to and from a server: the connection, the transfer, the comparison."""

import json
import sys
from datetime import timedelta
from pathlib import Path

from benchmarks.measure import timed
from passerelle.archive.folders import Archived
from passerelle.base.deadline import Deadline
from passerelle.config.servers import Server
from passerelle.remotes import open_remote
from passerelle.remotes.base import Memory, fetch_whole

FILE = "there.bin"


def main(settings: str, way: str, path: str) -> None:
    """Brings the server's file to ``path``, or ``path`` to the server."""
    server = Server.model_validate(json.loads(settings))

    def work() -> None:
        remote = open_remote("server", server, Deadline(timedelta(minutes=10)))
        if way == "up":
            remote.store(FILE, Archived(Path(path)))
        else:
            fetch_whole(remote, FILE, remote.stat(FILE).size or 0, memory := Memory())
            Path(path).write_bytes(memory[:])
        remote.close()

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
