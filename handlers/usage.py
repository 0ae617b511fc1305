"""Usage (TMF635): an occurrence of employing a product, service or resource.

It may be created in any state: a partner delivers rated usage, a mediation system received usage.
From there on it moves along the edges of TMF635's life cycle; billed is the end. Its specification,
if we have it, says which characteristics it has, and by which of them no two records are alike.
"""

from tmfserver.rules import Characteristics, Lifecycle, Rules

rules = Rules(
    lifecycle=Lifecycle(
        "status",
        {
            "received": {"guided", "rejected"},
            "guided": {"rated", "rejected"},
            "rejected": {"recycled"},
            "recycled": {"guided", "rejected"},
            "rated": {"rerated", "billed"},
            "rerated": {"rated"},
            "billed": set(),
        },
    ),
    indexed=[
        "status",
        "usageDate",
        "usageType",
        "usageSpecification.id",
        "relatedParty.id",
        "ratedProductUsage.productRef.id",
    ],
    references={"usageSpecification": "usageSpecification"},
    characteristics=Characteristics(
        values="usageCharacteristic",
        specification="usageSpecification",
        described_by="usageSpecification",
    ),
)
