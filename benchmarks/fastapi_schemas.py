"""What the FastAPI server takes and answers, as Pydantic models."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Schema(BaseModel):
    """camelCase outside, snake_case inside, readable from ORM objects."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        from_attributes=True,
    )


class UsageStatus(StrEnum):
    received = "received"
    rejected = "rejected"
    recycled = "recycled"
    guided = "guided"
    rated = "rated"
    rerated = "rerated"
    billed = "billed"


class Money(Schema):
    unit: str | None = None
    value: float | None = None


class Reference(Schema):
    id: str
    href: str | None = None
    name: str | None = None
    referred_type: str | None = Field(None, alias="@referredType")


class RatedProductUsage(Schema):
    is_billed: bool | None = None
    is_tax_exempt: bool | None = None
    offer_tariff_type: str | None = None
    rating_amount_type: str | None = None
    rating_date: datetime | None = None
    tax_rate: float | None = None
    usage_rating_tag: str | None = None
    bucket_value_converted_in_amount: Money | None = None
    tax_excluded_rating_amount: Money | None = None
    tax_included_rating_amount: Money | None = None
    product_ref: Reference | None = None


class RelatedParty(Schema):
    id: str
    href: str | None = None
    name: str | None = None
    role: str | None = None
    referred_type: str = Field(alias="@referredType")


class UsageCharacteristic(Schema):
    id: str | None = None
    name: str
    value_type: str | None = None
    value: Any


class UsageIn(Schema):
    """The body of a create, and of an update by what it names."""

    usage_date: datetime | None = None
    description: str | None = None
    usage_type: str | None = None
    status: UsageStatus | None = None
    rated_product_usage: list[RatedProductUsage] | None = None
    related_party: list[RelatedParty] | None = None
    usage_characteristic: list[UsageCharacteristic] | None = None
    usage_specification: Reference | None = None
    base_type: str | None = Field(None, alias="@baseType")
    schema_location: str | None = Field(None, alias="@schemaLocation")
    type: str | None = Field(None, alias="@type")


class UsageOut(UsageIn):
    """A usage as it is answered."""

    id: str
    href: str
