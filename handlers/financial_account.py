"""Financial account (TMF666): the ledger's view, which aggregates the amounts of party accounts."""

from tmfserver.rules import Rules

from ._accounts import ACCOUNTS, HIERARCHY, PERIODS

rules = Rules(
    indexed=(
        "name",
        "state",
        "accountType",
        "lastModified",
        "relatedParty.id",
        "accountRelationship.account.id",
        "accountRelationship.relationshipType",
    ),
    references={"accountRelationship.account": ACCOUNTS},
    hierarchy=HIERARCHY,
    periods=PERIODS,
)
