"""Receipts: one series per till, counted where it is printed, valid without a connection."""

import re


def receipt_of(till: str, number: int) -> str:
    """``B-000123``."""
    return f"{till}-{number:06d}"


def number_of(till: str, receipt: str) -> int | None:
    """Which of the till's receipts it is; ``None`` for one that is not of its series."""
    found = re.fullmatch(re.escape(till) + r"-([0-9]{1,12})", receipt)
    return int(found[1]) if found else None
