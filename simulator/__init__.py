"""A practice tenant: Microsoft Entra ID, Okta and Auth0 over real HTTP, with faults and a thief.

Nothing here imports the application; the application talks to it only by HTTP.
"""

from __future__ import annotations

from simulator.faults import Effect, Fault, Faults
from simulator.records import Person
from simulator.server import Simulator, run
from simulator.tenant import Tenant
from simulator.thief import Thief

__all__ = ["Effect", "Fault", "Faults", "Person", "Simulator", "Tenant", "Thief", "run"]
