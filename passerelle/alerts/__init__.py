"""Tells people when something needs them, each day that it lasts, and when it is over.

``tell_people`` comes after each run: it examines the chain, decides what is news (``decision``),
puts it into words (``message``) and sends it (``sending``).
"""

from passerelle.alerts.addresses import Address, addresses, is_in_clear, name, services_of
from passerelle.alerts.sending import Delivery
from passerelle.alerts.telling import send_trials, tell_people

__all__ = [
    "Address",
    "Delivery",
    "addresses",
    "is_in_clear",
    "name",
    "send_trials",
    "services_of",
    "tell_people",
]
