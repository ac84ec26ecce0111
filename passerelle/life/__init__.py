"""An order's whole life, told to a shop's staff: ``orders show``, and in part ``stock why``."""

from passerelle.life.account import Account, as_dict, give_account, holds
from passerelle.life.inquiry import Inquiry
from passerelle.life.lookup import Found, look_up
from passerelle.life.one_sentence import in_one_sentence
from passerelle.life.sales import sale_as_dict, sales_as_dict, tell_sales
from passerelle.life.story import tell

__all__ = [
    "Account",
    "Found",
    "Inquiry",
    "as_dict",
    "give_account",
    "holds",
    "in_one_sentence",
    "look_up",
    "sale_as_dict",
    "sales_as_dict",
    "tell",
    "tell_sales",
]
