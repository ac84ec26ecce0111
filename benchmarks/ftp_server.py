"""``python -m benchmarks.ftp_server FOLDER LOG``: serves a folder by FTP until it is killed.

Prints its port, then writes each command that it receives into LOG, a line each.
"""

import sys
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # It stands on asyncore, which Python deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import FTPServer

USER, PASSWORD = "shop", "loopback"


def main(folder: str, log: str) -> None:
    """Serves."""
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, folder, perm="elradfmwMT")

    class Handler(FTPHandler):  # type: ignore[misc]
        """Writes down what it is asked."""

        def pre_process_command(self, line: str, command: str, argument: str) -> None:
            with Path(log).open("a", encoding="utf-8", newline="\n") as commands:
                commands.write(f"{line}\n")
            super().pre_process_command(line, command, argument)

    Handler.authorizer = authorizer
    server = FTPServer(("127.0.0.1", 0), Handler)
    print(server.address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
