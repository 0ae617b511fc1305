"""What a contract says: read from its file, adapted, as values that the other floors use."""

from tmfserver.spec.dialect import ADAPTATIONS
from tmfserver.spec.events import EventType
from tmfserver.spec.jobs import JOBS
from tmfserver.spec.loader import files
from tmfserver.spec.model import Api, Operation, Resource, build, read, snake_case
from tmfserver.spec.schemas import Schemas, Shape
from tmfserver.spec.variants import ORIGIN, with_all_events, with_origins

__all__ = [
    "ADAPTATIONS", "JOBS", "ORIGIN", "Api", "EventType", "Operation", "Resource", "Schemas",
    "Shape", "build", "files", "read", "snake_case", "with_all_events", "with_origins",
]  # fmt: skip
