"""What the accounts of TMF666 have in common: what they refer to, and how they stand in a tree."""

from tmfserver.rules import Hierarchy

ACCOUNTS = ("billingAccount", "partyAccount", "settlementAccount", "financialAccount")

REFERENCES: dict[str, str | tuple[str, ...]] = {
    "financialAccount": "financialAccount",
    "accountRelationship.account": ACCOUNTS,
    "billStructure.cycleSpecification": "billingCycleSpecification",
    "billStructure.format": "billFormat",
    "billStructure.presentationMedia": "billPresentationMedia",
}

# TM Forum names no values of relationshipType; these are those in its samples and in use.
HIERARCHY = Hierarchy(
    relationships="accountRelationship",
    target="account",
    parent={"parentAccount"},
    child={"contains", "childAccount"},
)

PERIODS = ("validFor",)

INDEXED = (
    "name",
    "state",
    "paymentStatus",
    "accountType",
    "lastModified",
    "relatedParty.id",
    "accountRelationship.account.id",
    "accountRelationship.relationshipType",
    "financialAccount.id",
    "defaultPaymentMethod.id",
)
