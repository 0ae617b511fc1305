"""What the accounts of TMF666 have in common: the other resources that they refer to."""

ACCOUNTS = ("billingAccount", "partyAccount", "settlementAccount", "financialAccount")

REFERENCES: dict[str, str | tuple[str, ...]] = {
    "financialAccount": "financialAccount",
    "accountRelationship.account": ACCOUNTS,
    "billStructure.cycleSpecification": "billingCycleSpecification",
    "billStructure.format": "billFormat",
    "billStructure.presentationMedia": "billPresentationMedia",
}

INDEXED = (
    "name",
    "state",
    "paymentStatus",
    "accountType",
    "lastModified",
    "relatedParty.id",
    "financialAccount.id",
    "defaultPaymentMethod.id",
)
