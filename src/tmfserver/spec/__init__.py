"""What a contract says: read from its file, adapted, as values that the other floors use."""

from tmfserver.spec.dialect import ADAPTATIONS
from tmfserver.spec.events import EventType
from tmfserver.spec.jobs import JOBS
from tmfserver.spec.kept import Kept, usual_folder
from tmfserver.spec.later import changed
from tmfserver.spec.loader import files
from tmfserver.spec.model import Api, Operation, Resource, build, snake_case
from tmfserver.spec.reading import Broken, read
from tmfserver.spec.schemas import Schemas, Shape
from tmfserver.spec.variants import ORIGIN, with_all_events, with_origins

__all__ = [
    "ADAPTATIONS", "JOBS", "ORIGIN", "Api", "Broken", "EventType", "Kept", "Operation", "Resource",
    "Schemas", "Shape", "build", "changed", "files", "read", "snake_case", "usual_folder",
    "with_all_events", "with_origins",
]  # fmt: skip
