"""The usage that the queries are measured on: one index more, of an attribute inside an array."""

from tmfserver.rules import Rules

rules = Rules(
    indexed=["status", "usageDate", "usageType", "usageSpecification.id", "relatedParty.id"],
)
