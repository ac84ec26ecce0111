"""A run's conversation with its FTP server, without the run: the same commands and bytes."""

import sys
from contextlib import suppress
from ftplib import FTP, error_perm
from io import BytesIO
from pathlib import Path

from benchmarks.contenders.timing import timed


def main(port: str, log: str, size: str) -> None:
    """Says to the server what ``log`` holds; an upload has ``size`` bytes."""
    lines, data = Path(log).read_text("utf-8").splitlines(), bytes(int(size))

    def work() -> None:
        with FTP(encoding="utf-8") as ftp:
            ftp.connect("127.0.0.1", int(port))
            for line in lines:
                with suppress(error_perm):  # some ask for what is not there
                    _say(ftp, line, data)

    timed(work)


def _say(ftp: FTP, line: str, data: bytes) -> None:
    verb = line.partition(" ")[0]
    if verb == "PASS":
        ftp.sendcmd("PASS loopback")  # the server shows no password
    elif verb == "STOR":
        ftp.storbinary(line, BytesIO(data))
    elif verb in ("RETR", "NLST", "MLSD"):
        ftp.retrbinary(line, bytes)
    elif verb not in ("PASV", "EPSV", "QUIT"):  # which ftplib says by itself
        ftp.sendcmd(line)


if __name__ == "__main__":
    main(*sys.argv[1:])
