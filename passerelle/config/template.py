"""The commented config.toml that ``passerelle init`` writes."""

from importlib.resources import files
from pathlib import Path

from passerelle.config.load import FILE_NAME
from passerelle.durable import private
from passerelle.errors import UnreachableError, UsageError
from passerelle.language import _


def template() -> bytes:
    """The commented file, in UTF-8."""
    return files("passerelle.config").joinpath("template.toml").read_bytes()


def write_template(folder: Path) -> Path:
    """Writes the file into ``folder``, creating that if need be; returns its path.

    Raises :class:`UsageError` where one is there already, :class:`UnreachableError` where it
    cannot be written.
    """
    path = folder.absolute() / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "xb", opener=private) as file:
            file.write(template())
    except FileExistsError as error:
        raise UsageError(
            _("a configuration is there already"), str(path), _("it was left as it is; edit it")
        ) from error
    except OSError as error:
        mend = error.strerror or _("name another folder")
        raise UnreachableError(_("the file cannot be written"), str(path), mend) from error
    return path
