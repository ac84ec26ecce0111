"""The last publication's reason for one item's level: ``stock why``."""

from passerelle.stock_why.answer import Answer, answer
from passerelle.stock_why.as_json import as_dict
from passerelle.stock_why.publication import is_taken_by_shop
from passerelle.stock_why.sentences import tell

__all__ = ["Answer", "answer", "as_dict", "is_taken_by_shop", "tell"]
