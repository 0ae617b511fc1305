"""The generic resource engine: what every resource of every contract has in common.

It knows no HTTP and no SQL: contracts and rules come in as values, the database as a protocol.
"""

from tmfserver.engine.listeners import Hub
from tmfserver.engine.outcomes import Outcome
from tmfserver.engine.representation import represent
from tmfserver.engine.resources import ResourceEngine

__all__ = ["Hub", "Outcome", "ResourceEngine", "represent"]
