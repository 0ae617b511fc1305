"""Documents whose characteristics a specification of this server describes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Characteristics:
    """Where a document has its characteristics, and what describes them.

    values: the attribute that holds them, an array of objects with `name` and `value`.
    specification: the reference to what describes them, a dotted path.
    described_by: the resource that the reference leads to.
    within: that resource's attribute with TM Forum's CharacteristicSpecifications.
    """

    values: str
    specification: str
    described_by: str
    within: str = "specCharacteristic"
