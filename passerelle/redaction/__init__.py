"""Pure: one person leaves texts and sales XMLs. Doors: ``Person``, ``survey``, ``redact``."""

from passerelle.redaction.export import Survey, redact, survey
from passerelle.redaction.person import ERASED, Person, person_of
from passerelle.redaction.tree import Names

__all__ = ["ERASED", "Names", "Person", "Survey", "person_of", "redact", "survey"]
