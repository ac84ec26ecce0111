"""Pure: one person leaves texts, traces and sales XMLs."""

from passerelle.redaction.export import Survey, redact, survey
from passerelle.redaction.person import ERASED, Person, person_of
from passerelle.redaction.trace import redact_text
from passerelle.redaction.tree import Names

__all__ = ["ERASED", "Names", "Person", "Survey", "person_of", "redact", "redact_text", "survey"]
