"""What one resource's domain allows, asks and counts on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tmfserver.rules.characteristics import Characteristics
from tmfserver.rules.hierarchy import Hierarchy
from tmfserver.rules.lifecycle import Lifecycle

Document: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[Document | None, Document], None]


@dataclass
class Rules:
    """The rules of one resource; the engine applies them to every change.

    lifecycle: which steps its state may take.
    indexed: dotted attribute paths that clients filter by; each gets an index.
    references: dotted path of a reference, and the resources it may refer to; checked by the
        setting `references` (off, warn, strict) when the reference is to this server's own.
    unique: tuples of dotted paths whose values together no two documents share; a document that
        lacks one of them shares nothing.
    characteristics: what describes this resource's characteristics; checked by the setting
        `characteristics` (off, warn, strict), and those that are unique are as `unique` has it.
    hierarchy: what stands above and below; nothing may stand above itself.
    periods: names of attributes, wherever they stand, that are a time from `startDateTime` to
        `endDateTime`, which may not end before it starts.
    checks: functions of (old, new), with old None on create, that raise errors.RuleViolation.
    """

    lifecycle: Lifecycle | None = None
    indexed: Sequence[str] = ()
    references: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    unique: Sequence[Sequence[str]] = ()
    characteristics: Characteristics | None = None
    hierarchy: Hierarchy | None = None
    periods: Sequence[str] = ()
    checks: list[Check] = field(default_factory=list)

    def check(self, function: Check) -> Check:
        """Decorator: adds a check."""
        self.checks.append(function)
        return function


NO_RULES = Rules()
