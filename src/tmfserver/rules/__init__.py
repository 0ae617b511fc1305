"""The vocabulary that handlers speak: what a resource's domain allows, stated once per resource.

from tmfserver.rules import Lifecycle, Rules

rules = Rules(lifecycle=Lifecycle("state", {"open": {"closed"}, "closed": set()}))
"""

from tmfserver.rules.calls import Call, Reply
from tmfserver.rules.characteristics import Characteristics
from tmfserver.rules.hierarchy import Hierarchy
from tmfserver.rules.lifecycle import Lifecycle
from tmfserver.rules.rules import NO_RULES, Check, Document, Rules

__all__ = [
    "NO_RULES",
    "Call",
    "Characteristics",
    "Check",
    "Document",
    "Hierarchy",
    "Lifecycle",
    "Reply",
    "Rules",
]
