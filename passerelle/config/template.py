"""The commented config.toml that ``passerelle init`` writes, and its schema, for editors."""

from importlib.resources import files
from pathlib import Path

from passerelle.base.durable import private, replace_whole
from passerelle.base.errors import UnreachableError, UsageError
from passerelle.base.language import _
from passerelle.config.load import FILE_NAME

SCHEMA_NAME = "config.schema.json"


def template() -> bytes:
    """The commented file, in UTF-8."""
    return files("passerelle.config").joinpath("template.toml").read_bytes()


def shipped_schema() -> bytes:
    """The JSON Schema of config.toml, in UTF-8."""
    return files("passerelle.config").joinpath(SCHEMA_NAME).read_bytes()


def write_template(folder: Path) -> Path:
    """Writes the file into ``folder``, creating that if need be; returns its path.

    The schema beside it, to which its first line refers, is brought up to date in any case.
    Raises :class:`UsageError` where a file is there already, :class:`UnreachableError` where one
    cannot be written.
    """
    path = folder.absolute() / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_schema(path.with_name(SCHEMA_NAME))
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


def write_schema(path: Path) -> None:
    """Writes the schema, unless it is there as it should be. May raise :class:`OSError`."""
    if not path.is_file() or path.read_bytes() != shipped_schema():
        replace_whole(path, shipped_schema())
