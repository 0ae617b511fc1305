"""What a contract says: read from its file, adapted, as values that the other floors use."""

from tmfserver.spec.dialect import ADAPTATIONS
from tmfserver.spec.loader import files
from tmfserver.spec.model import Api, EventType, Operation, Resource, build, read, snake_case
from tmfserver.spec.schemas import Schemas, Shape

__all__ = [
    "ADAPTATIONS", "Api", "EventType", "Operation", "Resource", "Schemas", "Shape", "build",
    "files", "read", "snake_case",
]  # fmt: skip
