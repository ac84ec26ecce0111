"""``passerelle`` and ``python -m passerelle``: runs a command and turns errors into exit codes."""

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import click

from passerelle.base import window
from passerelle.base.circles import look_for_few_circles
from passerelle.base.errors import (
    INTERRUPTED,
    PasserelleError,
    UnreachableError,
    bug_in_words,
    lines_of,
    one_line,
    place_of,
)
from passerelle.base.language import _, speak
from passerelle.config.file import speak_as_configured

# Without a handler, libraries' logs would go to stderr: paramiko's hold tracebacks and banners.
logging.getLogger().addHandler(logging.NullHandler())


def main() -> NoReturn:
    """Runs the command line; every failure is one line on stderr and its exit code."""
    speak("auto")
    speak_as_configured()
    look_for_few_circles()
    # Looking for plugins of pydantic's reads what every installed package says of itself.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # numpy's OpenBLAS starts a thread for each processor, which nothing here has work for.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        # A console in cp850 or cp1252 lacks characters: they show as "?" rather than fail.
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    window.keep("never")
    code = _run()
    if window.is_kept(code):
        click.pause(_("press a key to close this window"))
    sys.exit(code)


def _run() -> int:
    try:
        # Here, so that Ctrl+C and faults while the program loads are told like any other.
        from passerelle.cli import cli

        result = cli.main(_words(), standalone_mode=False, prog_name="passerelle")
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        return _refuse(error)
    except (click.Abort, KeyboardInterrupt):
        _print(_("interrupted: what was done is kept; the next run goes on from there"))
        return INTERRUPTED
    except PasserelleError as error:
        return _fail(error)
    except OSError as error:
        return _fail_of_system(error)
    except Exception as error:
        return _fail_of_ours(error)
    return result if isinstance(result, int) else 0


def _words() -> list[str] | None:
    """What is asked by a double click, which gives no words; else ``None``, for those given."""
    if len(sys.argv) > 1 or not window.is_its_own():
        return None
    from passerelle.cli.desktop import double_clicked

    return double_clicked()


def _refuse(error: click.ClickException) -> int:
    context = error.ctx if isinstance(error, click.UsageError) else None
    text = one_line(error.format_message()).rstrip(".")
    if context:
        mend = _("see `{command} --help`").format(command=context.command_path)
        text = _(": ").join((text, mend))
    _print(text)
    return error.exit_code if error.exit_code != 1 else 2


def _fail(error: PasserelleError) -> int:
    for line in lines_of(error):
        _print(line)
    return error.exit_code


def _fail_of_system(error: OSError) -> int:
    """Only what is printed is output: a file that cannot be read is another thing."""
    if _was_printing(error):
        return _fail(UnreachableError(_("the output cannot be written"), error.strerror or ""))
    if error.errno is None:
        return _fail_of_ours(error)
    what = _("this machine refused ({reason})").format(reason=error.strerror or error.errno)
    where = ", ".join(filter(None, (str(error.filename or ""), place_of(error))))
    mend = _("look at its disk and at this account's rights, then try again")
    return _fail(UnreachableError(what, where, mend))


def _was_printing(error: OSError) -> bool:
    codes = [frame.f_code for frame, _line in traceback.walk_tb(error.__traceback__)]
    printers = (Path("click", "utils.py"), Path("rich", "console.py"))
    return any(Path(*Path(code.co_filename).parts[-2:]) in printers for code in codes)


def _fail_of_ours(error: Exception) -> int:
    _print(bug_in_words(error))
    return 1


def _print(text: str) -> None:
    click.echo(f"passerelle: {text}", err=True)


if __name__ == "__main__":
    main()
