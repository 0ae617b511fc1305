"""Connexion's AsyncApp with operations that run a compiled function instead of decorators.

Connexion reads the contract, resolves operationIds and drives routing and validation; per request
only the compiled parts run. Written for Connexion 3.3, whose private `_middleware_app` an app
subclass must set before `AbstractApp.__init__`; `tests/http/test_serving.py` watches over that.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from connexion.apps.abstract import AbstractApp
from connexion.apps.asynchronous import AsyncApi, AsyncApp, AsyncASGIApp
from connexion.middleware.abstract import ROUTING_CONTEXT, RoutedAPI
from connexion.middleware.main import API
from connexion.operations import AbstractOperation
from connexion.resolver import Resolver
from connexion.spec import OpenAPISpecification
from starlette.types import ASGIApp, Receive, Scope, Send

from tmfserver.errors import UnknownPath
from tmfserver.http.contracts import UI_OPTIONS
from tmfserver.http.late import ByBasePath
from tmfserver.http.operations import Function
from tmfserver.http.validation import CALL
from tmfserver.rules import Reply
from tmfserver.spec import Api


class ServedOperation:
    """Runs one operation's function and sends its reply."""

    def __init__(self, function: Function) -> None:
        self._function = function

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self._function(scope[CALL])
        if reply.stream is not None:
            await send_stream(scope, send, reply)
            return
        headers = list(reply.headers)
        body = reply.body
        if body is not None:
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body or b""})


async def send_stream(scope: Scope, send: Send, reply: Reply) -> None:
    """Sends a reply piece by piece; what fails on the way ends the connection, never the JSON."""
    if reply.stream is None:
        return
    try:
        first = await anext(aiter(reply.stream), b"")
        scope["tmfserver.started"] = True
        start = {
            "type": "http.response.start", "status": reply.status, "headers": list(reply.headers),
        }  # fmt: skip
        await send(start)
        await send({"type": "http.response.body", "body": first, "more_body": True})
        async for piece in reply.stream:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        close = getattr(reply.stream, "aclose", None)
        if close is not None:
            await close()


class ServedApi(AsyncApi):
    """One contract's operations."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        RoutedAPI.__init__(self, *args, next_app=_nothing, **kwargs)
        self.add_paths()

    def make_operation(self, operation: AbstractOperation) -> ServedOperation:
        return ServedOperation(operation.function)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    raise UnknownPath(path=scope["path"])


class ServedASGIApp(AsyncASGIApp):
    """Connexion's innermost app: finds the operation that routing named."""

    api_cls = ServedApi

    def __init__(self) -> None:
        self.apis: ByBasePath[ServedApi] = ByBasePath()

    def add_api(self, *args: Any, **kwargs: Any) -> None:
        make = partial(self.api_cls, *args, **kwargs)
        self.apis.later(kwargs["contract"].base_path, make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = scope["extensions"][ROUTING_CONTEXT]
        operation = self.apis[context["api_base_path"]].operations[context["operation_id"]]
        await operation(scope, receive, send)


class ContractSpecification(OpenAPISpecification):
    """A contract as Connexion reads it: as it is, since it was checked when it was loaded.

    Connexion's own would copy it, check it again and put every reference's target in its place:
    five times the start-up time, for schemas that are compiled from the references anyway.
    """

    def __init__(self, contract: Api) -> None:
        self._contract = contract
        self._base_uri = ""

    @cached_property
    def _spec(self) -> dict[str, Any]:
        # Connexion lengthens lists of parameters in place: it gets lists of its own.
        paths = {
            path: {
                key: {**part, "parameters": [*part.get("parameters", ())]}
                if isinstance(part, dict)
                else part
                for key, part in item.items()
            }
            for path, item in self._contract.document["paths"].items()
        }
        return {**self._contract.document, "paths": paths}

    @property
    def _raw_spec(self) -> dict[str, Any]:
        return self._spec

    @property
    def base_path(self) -> str:
        return self._contract.base_path

    @base_path.setter
    def base_path(self, base_path: str) -> None:
        """Connexion repeats what it was told."""


class ServedApp(AsyncApp):
    """A Connexion app made of this floor's parts."""

    def __init__(self, import_name: str, *, middlewares: list[Any]) -> None:
        self._middleware_app: ASGIApp = ServedASGIApp()
        AbstractApp.__init__(self, import_name, middlewares=middlewares)

    def add_contract(self, contract: Api, resolver: Resolver, **more: Any) -> None:
        """Adds one contract's operations; `more` goes to the middlewares that ask for it."""
        options = self.middleware.options.replace(resolver=resolver, swagger_ui_options=UI_OPTIONS)
        self.middleware.apis.append(
            API(
                ContractSpecification(contract),
                base_path=contract.base_path,
                **vars(options),
                contract=contract,
                **more,
            )
        )
