"""Usage specification (TMF635): which characteristics a kind of usage has."""

from tmfserver.rules import Rules

rules = Rules(
    # There are few of these, so that indexes cost little.
    indexed=[
        "name",
        "lifecycleStatus",
        "lastUpdate",
        "relatedParty.id",
        "entitySpecRelationship.id",
        "attachment.id",
        "constraint.id",
    ],
    references={"entitySpecRelationship": "usageSpecification"},
    periods=("validFor",),
)
