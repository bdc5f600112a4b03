"""Users and groups as files: who belongs to which group, who is approved, and who may run what."""

from skyburst.people.files import PEOPLE_VARIABLE, load_people, people_location
from skyburst.people.gate import Gatekeeper, gate_of
from skyburst.people.records import Group, People, Settings, User
from skyburst.people.rules import Allowed, Refused, may_run

__all__ = [
    "PEOPLE_VARIABLE",
    "Allowed",
    "Gatekeeper",
    "Group",
    "People",
    "Refused",
    "Settings",
    "User",
    "gate_of",
    "load_people",
    "may_run",
    "people_location",
]
