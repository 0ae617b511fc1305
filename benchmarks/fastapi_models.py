"""The relational model of the FastAPI server: a usage and the rows that belong to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, composite, mapped_column, relationship

BASE_URL = "http://127.0.0.1/tmf-api/usageManagement/v4"


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no time zone, so it is put back when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


@dataclass
class Money:
    """An amount in a currency, two columns of its row."""

    unit: str | None = None
    value: float | None = None


@dataclass
class Reference:
    """A reference to an entity elsewhere, four columns of its row."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    referred_type: str | None = None


class Base(DeclarativeBase):
    """The tables of the FastAPI server."""

    type_annotation_map = {datetime: Instant, Any: JSON}  # noqa: RUF012


class Usage(Base):
    __tablename__ = "usage"

    pk: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    usage_date: Mapped[datetime | None] = mapped_column(index=True)
    description: Mapped[str | None]
    usage_type: Mapped[str | None] = mapped_column(index=True)
    status: Mapped[str | None] = mapped_column(index=True)
    base_type: Mapped[str | None]
    schema_location: Mapped[str | None]
    type: Mapped[str | None]
    usage_specification: Mapped[Reference | None] = composite(
        mapped_column("usage_specification_id", index=True),
        mapped_column("usage_specification_href"),
        mapped_column("usage_specification_name"),
        mapped_column("usage_specification_referred_type"),
    )
    rated_product_usage: Mapped[list[RatedProductUsage]] = relationship(
        cascade="all, delete-orphan", order_by="RatedProductUsage.pk"
    )
    related_party: Mapped[list[RelatedParty]] = relationship(
        cascade="all, delete-orphan", order_by="RelatedParty.pk"
    )
    usage_characteristic: Mapped[list[UsageCharacteristic]] = relationship(
        cascade="all, delete-orphan", order_by="UsageCharacteristic.pk"
    )

    @property
    def href(self) -> str:
        return f"{BASE_URL}/usage/{self.id}"


class RatedProductUsage(Base):
    __tablename__ = "rated_product_usage"

    pk: Mapped[int] = mapped_column(primary_key=True)
    usage_pk: Mapped[int] = mapped_column(ForeignKey("usage.pk"), index=True)
    is_billed: Mapped[bool | None]
    is_tax_exempt: Mapped[bool | None]
    offer_tariff_type: Mapped[str | None]
    rating_amount_type: Mapped[str | None]
    rating_date: Mapped[datetime | None]
    tax_rate: Mapped[float | None]
    usage_rating_tag: Mapped[str | None]
    bucket_value_converted_in_amount: Mapped[Money | None] = composite(
        mapped_column("bucket_unit"), mapped_column("bucket_value")
    )
    tax_excluded_rating_amount: Mapped[Money | None] = composite(
        mapped_column("tax_excluded_unit"), mapped_column("tax_excluded_value")
    )
    tax_included_rating_amount: Mapped[Money | None] = composite(
        mapped_column("tax_included_unit"), mapped_column("tax_included_value")
    )
    product_ref: Mapped[Reference | None] = composite(
        mapped_column("product_id", index=True),
        mapped_column("product_href"),
        mapped_column("product_name"),
        mapped_column("product_referred_type"),
    )


class RelatedParty(Base):
    __tablename__ = "related_party"

    pk: Mapped[int] = mapped_column(primary_key=True)
    usage_pk: Mapped[int] = mapped_column(ForeignKey("usage.pk"), index=True)
    id: Mapped[str] = mapped_column(index=True)
    href: Mapped[str | None]
    name: Mapped[str | None]
    role: Mapped[str | None]
    referred_type: Mapped[str]


class UsageCharacteristic(Base):
    __tablename__ = "usage_characteristic"

    pk: Mapped[int] = mapped_column(primary_key=True)
    usage_pk: Mapped[int] = mapped_column(ForeignKey("usage.pk"), index=True)
    id: Mapped[str | None]
    name: Mapped[str]
    value_type: Mapped[str | None]
    value: Mapped[Any] = mapped_column(JSON)
