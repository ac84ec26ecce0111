"""Ids and references of orders as they compare, whatever a spreadsheet made of them. Pure."""

import hashlib
import re

from passerelle.base.regex import regex
from passerelle.base.words import bare_id, visible

_NUMBER_SIGN = regex(r"\s*(?:n(?:[°º]|[or]?[.:\s]|r(?=[0-9]))|№)[.:\s]*", re.IGNORECASE)
_THOUSANDS = regex(r"[1-9][0-9]{0,2}(?:[.,’][0-9]{3})+(?=[.,]0{1,2}$|$)")
_ROUNDED = regex(r"[0-9]+(?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)


def plain_id(id: str) -> str:
    """An order's id without what spreadsheets and people add, as in ``N° 1.234``.

    Two orders of one shop may share it: only their reference and date tell.
    """
    if id.isascii() and id.isdigit():
        return id.lstrip("0") or id
    bare = _NUMBER_SIGN.sub("", visible(id).strip(" \t#'\"="), count=1)
    found = _THOUSANDS.match(bare)
    digits = re.sub("[.,’]", "", found[0]) + bare[found.end() :] if found else bare
    return bare_id(digits) if digits else id


# No shop's are longer; a database's index takes some thousand bytes.
_LONGEST = 500


def is_overlong(id: str) -> bool:
    return len(id) > _LONGEST


def within_limits(id: str) -> str:
    """An id that is too long, cut, with a few digits by which it differs from others."""
    if not is_overlong(id):
        return id
    return f"{id[:100]}…{hashlib.sha256(id.encode(errors='replace')).hexdigest()[:8]}"


def lost_its_digits(id: str) -> bool:
    """Whether a spreadsheet rounded it, as in ``1,23E+05``: other ids look the same."""
    return not id.isdigit() and bool(_ROUNDED.fullmatch(visible(id).strip(" \t#'\"=")))


def may_be_same_reference(one: str, other: str) -> bool:
    """Whether nothing in two references says that their orders are different ones."""
    if not one or not other or plain_id(one) == plain_id(other):
        return True
    return lost_its_digits(one) or lost_its_digits(other)
