"""Usage specification (TMF635): which characteristics a kind of usage has."""

from tmfserver.rules import Rules

rules = Rules(
    indexed=["name", "lifecycleStatus"],
    references={"entitySpecRelationship": "usageSpecification"},
)
