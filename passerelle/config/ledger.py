"""``ledger``: where the ledger lies, if not in the folder."""

import hashlib
import re
import unicodedata
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import AfterValidator, SecretStr

from passerelle.base.language import _
from passerelle.config.passwords import secret_of
from passerelle.config.values import checked_by

PASSWORD_KEY = "ledger_password"  # noqa: S105 - the name of a key
_SCHEMES = ("postgresql", "postgres")
# Beside the shops' schemas, in the same database: the queue of a fleet.
FLEET_SCHEMA = "passerelle_fleet"
# PostgreSQL cuts longer names.
_LONGEST, _ROOM = 63, 48


class Database(Struct, frozen=True):
    """A PostgreSQL database, and the schema in it that is one ledger's."""

    url: str
    schema: str
    secret: SecretStr

    def password(self) -> str:
        """As ``ledger_password`` says; ``""``: what libpq finds, as in ``.pgpass``.

        Raises :class:`ConfigError`.
        """
        return secret_of(PASSWORD_KEY, self.secret.get_secret_value())

    def __str__(self) -> str:
        bare = self.url.partition("?")[0]
        return f"{bare} ({self.schema})"


# A folder, whose passerelle.db is the ledger; or a database.
Place = Path | Database


def checked(url: str) -> str:
    """``url`` itself. Raises :class:`ValueError` for what names no database, or a password."""
    if not url:
        return url
    problem = _('write it like "postgresql://user@host:5432/database", or leave it out')
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in _SCHEMES and parts.port != 0 and len(parts.path) > 1
    except ValueError:
        # Its message shows the URL, in which somebody may have written a password.
        raise ValueError(problem) from None
    if not is_one:
        raise ValueError(problem)
    if parts.password is not None or "password=" in parts.query:
        raise ValueError(_('no password here: write ledger_password = "keyring", or "env:NAME"'))
    return url


LedgerUrl = Annotated[str, AfterValidator(checked), checked_by(r"^$|^postgres(ql)?://")]


def _is_schema(name: str) -> str:
    if name and not re.fullmatch(r"[a-z_][a-z0-9_]*", name, re.ASCII):
        raise ValueError(_("a schema is written in small letters, digits and _"))
    if len(name) > _LONGEST or name.startswith("pg_") or name in ("public", FLEET_SCHEMA):
        raise ValueError(_("PostgreSQL takes no such schema for a shop: name another"))
    return name


SchemaName = Annotated[str, AfterValidator(_is_schema), checked_by("^[a-z0-9_]*$")]


def shop_name(config: Path) -> str:
    """What a config.toml's shop is called: as the file, or, by its usual name, as its folder."""
    return config.stem if config.stem != "config" else config.absolute().parent.name


def schema_of(shop: str) -> str:
    """A shop's schema: `shop_` and its name in small ASCII letters.

    What of a name gets lost by that stands behind it as a few digits, so that no two shops have
    one schema.
    """
    if len(shop) <= _ROOM and re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", shop):
        return f"shop_{shop}"
    plain = unicodedata.normalize("NFKD", shop).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "_", plain).strip("_")
    digits = hashlib.sha256(shop.encode()).hexdigest()[:8]
    return "_".join(filter(None, ("shop", name[:_ROOM], digits)))
