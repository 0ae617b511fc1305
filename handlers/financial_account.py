"""Financial account (TMF666): the ledger's view, which aggregates the amounts of party accounts."""

from tmfserver.rules import Rules

from ._accounts import ACCOUNTS

rules = Rules(
    indexed=("name", "state", "accountType", "lastModified", "relatedParty.id"),
    references={"accountRelationship.account": ACCOUNTS},
)
