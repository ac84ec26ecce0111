"""Passerelle's own way to and from a server: the connection, the transfer, the comparison."""

import json
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.contenders.timing import timed
from passerelle.base.deadline import Deadline
from passerelle.config.servers import Server
from passerelle.remotes import open_remote
from passerelle.remotes.base import fetch_whole

FILE = "there.bin"


def main(settings: str, way: str, path: str) -> None:
    """Brings the server's file to ``path``, or ``path`` to the server."""
    server = Server.model_validate(json.loads(settings))
    import_module(f"passerelle.remotes.{urlsplit(server.url).scheme}")  # no part of the transfer

    def work() -> None:
        remote = open_remote("server", server, Deadline(timedelta(minutes=10)))
        if way == "up":
            remote.store(FILE, Path(path).read_bytes())
        else:
            data = fetch_whole(remote, FILE, remote.stat(FILE).size or 0)
            Path(path).write_bytes(data)
        remote.close()

    timed(work)


if __name__ == "__main__":
    main(*sys.argv[1:])
