"""Pure: the beginning of a shop's or an ERP's CSV file -> which column may mean what."""

from passerelle.mapping.guessing import Guess, Proposal, propose
from passerelle.mapping.kinds import Kind
from passerelle.mapping.sample import Sample, read_sample

__all__ = ["Guess", "Kind", "Proposal", "Sample", "propose", "read_sample"]
