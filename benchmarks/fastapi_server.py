"""The comparison: the usage operations hand-written with FastAPI, SQLAlchemy's ORM and Pydantic.

Written as their documentation teaches it, and tuned as a competent user would: asynchronous
throughout, relations loaded by `selectinload`, one session a request, answers that Pydantic
prints without a detour, uvicorn on uvloop and httptools, no access log.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from sqlalchemy import event, func, make_url, select
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import selectinload

from benchmarks import fastapi_models as models
from benchmarks import fastapi_schemas as schemas
from benchmarks.serving import COLLECTION, serve

_RELATIONS = {
    "rated_product_usage": models.RatedProductUsage,
    "related_party": models.RelatedParty,
    "usage_characteristic": models.UsageCharacteristic,
}
_VALUES = {
    "usage_specification": models.Reference,
    "product_ref": models.Reference,
    "bucket_value_converted_in_amount": models.Money,
    "tax_excluded_rating_amount": models.Money,
    "tax_included_rating_amount": models.Money,
}
# SQLite has one writer: more connections wait for its lock, which costs more than it gains.
_SQLITE_CONNECTIONS = 4
_POSTGRESQL_CONNECTIONS = 16


def engine_for(database: str) -> AsyncEngine:
    url = make_url(database)
    if url.get_backend_name() != "sqlite":
        return create_async_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=_POSTGRESQL_CONNECTIONS,
            max_overflow=0,
        )
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        pool_size=_SQLITE_CONNECTIONS,
        max_overflow=0,
        connect_args={"timeout": 30},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


async def session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


_WHOLE = select(models.Usage).options(
    selectinload(models.Usage.rated_product_usage),
    selectinload(models.Usage.related_party),
    selectinload(models.Usage.usage_characteristic),
)


async def _find(session: AsyncSession, id: str) -> models.Usage:
    usage = await session.scalar(_WHOLE.where(models.Usage.id == id))
    if usage is None:
        raise HTTPException(404, f"No usage {id}")
    return usage


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """A model's values, with what is a composite in the ORM made one."""
    return {
        name: _VALUES[name](**value) if name in _VALUES and value is not None else value
        for name, value in values.items()
    }


def _rows(name: str, values: list[dict[str, Any]] | None) -> list[Any]:
    return [_RELATIONS[name](**_columns(value)) for value in values or ()]


async def list_usage(
    session: Session,
    response: Response,
    limit: Annotated[int, Query(ge=0, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
    status: schemas.UsageStatus | None = None,
) -> Any:
    total = select(func.count()).select_from(models.Usage)
    page = _WHOLE.order_by(models.Usage.pk).limit(limit).offset(offset)
    if status is not None:
        total = total.where(models.Usage.status == status)
        page = page.where(models.Usage.status == status)
    found = (await session.scalars(page)).all()
    response.headers["X-Total-Count"] = str(await session.scalar(total))
    response.headers["X-Result-Count"] = str(len(found))
    return found


async def create_usage(body: schemas.UsageIn, session: Session, response: Response) -> Any:
    values = body.model_dump()
    relations = {name: _rows(name, values.pop(name)) for name in _RELATIONS}
    usage = models.Usage(id=str(uuid.uuid4()), **_columns(values), **relations)
    session.add(usage)
    await session.commit()
    response.headers["Location"] = usage.href
    return usage


async def retrieve_usage(id: str, session: Session) -> Any:
    return await _find(session, id)


async def patch_usage(id: str, body: schemas.UsageIn, session: Session) -> Any:
    usage = await _find(session, id)
    for name, value in body.model_dump(exclude_unset=True).items():
        if name in _RELATIONS:
            setattr(usage, name, _rows(name, value))
        elif name in _VALUES and value is not None:
            old = getattr(usage, name)
            setattr(usage, name, _VALUES[name](**{**(asdict(old) if old else {}), **value}))
        else:
            setattr(usage, name, value)
    await session.commit()
    return usage


async def health() -> dict[str, str]:
    return {"status": "ok"}


def application(database: str) -> FastAPI:
    engine = engine_for(database)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(models.Base.metadata.create_all)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    one: dict[str, Any] = {"response_model": schemas.UsageOut, "response_model_exclude_none": True}
    many: dict[str, Any] = {**one, "response_model": list[schemas.UsageOut]}
    app.get("/health")(health)
    app.get(COLLECTION, **many)(list_usage)
    app.post(COLLECTION, status_code=201, **one)(create_usage)
    app.get(COLLECTION + "/{id}", **one)(retrieve_usage)
    app.patch(COLLECTION + "/{id}", **one)(patch_usage)
    return app


if __name__ == "__main__":
    serve(application)
