"""How the whole chain goes: runs, files, orders, and what needs a person.

One examination for ``status``, the report and the alerts, so that they never disagree.
"""

from passerelle.health.chain import FileHealth
from passerelle.health.concerns import Concern, Kind
from passerelle.health.examine import Health, examine
from passerelle.health.runs import FAILURES, SUCCESSES, RunHealth, gap_before
from passerelle.health.sights import Sights, look_around

__all__ = [
    "FAILURES",
    "SUCCESSES",
    "Concern",
    "FileHealth",
    "Health",
    "Kind",
    "RunHealth",
    "Sights",
    "examine",
    "gap_before",
    "look_around",
]
