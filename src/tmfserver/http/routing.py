"""Which operation a request is for: a table lookup instead of a list of expressions.

Plugs into Connexion as its routing middleware: it tells the following middlewares the operation
by the scope's routing context, and knows every method of a path (405 with Allow).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connexion.middleware.abstract import ROUTING_CONTEXT, SpecMiddleware
from connexion.spec import Specification
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tmfserver.errors import MethodNotAllowed, UnknownPath
from tmfserver.spec import Api
from tmfserver.spec.verbs import is_parameter

Target = tuple[str, str]
Methods = dict[str, Target]


class Table:
    """Paths to (base path, operationId) by method. A path's variables may stand anywhere."""

    def __init__(self) -> None:
        self._fixed: dict[str, Methods] = {}
        self._instances: dict[str, tuple[str, Methods]] = {}
        self._others: list[tuple[list[str], Methods]] = []

    def add(self, base_path: str, path: str, method: str, operation_id: str) -> None:
        whole = base_path + path
        self._methods(whole)[method.upper()] = (base_path, operation_id)

    def _methods(self, path: str) -> Methods:
        segments = path.split("/")
        variables = [segment for segment in segments if is_parameter(segment)]
        if not variables:
            return self._fixed.setdefault(path, {})
        if len(variables) == 1 and is_parameter(segments[-1]):
            name = segments[-1][1:-1]
            return self._instances.setdefault("/".join(segments[:-1]), (name, {}))[1]
        for known, methods in self._others:
            if known == segments:
                return methods
        self._others.append((segments, {}))
        return self._others[-1][1]

    def find(self, path: str) -> tuple[Methods, dict[str, str]] | None:
        """The methods that a path takes, and its variables; None for a path of no contract."""
        if (methods := self._fixed.get(path)) is not None:
            return methods, {}
        collection, _, id = path.rpartition("/")
        if id and (found := self._instances.get(collection)) is not None:
            return found[1], {found[0]: id}
        segments = path.split("/")
        for known, methods in self._others:
            if len(known) == len(segments):
                pairs = list(zip(known, segments, strict=True))
                if all((is_parameter(a) and b) or a == b for a, b in pairs):
                    return methods, {a[1:-1]: b for a, b in pairs if is_parameter(a)}
        return None


class RoutingMiddleware(SpecMiddleware):
    """Finds the operation; what belongs to none goes aside.

    aside: middleware classes for what is no operation (documents, health, pages), outermost first;
    operations pass none of them.
    """

    def __init__(self, app: ASGIApp, aside: Sequence[Callable[[ASGIApp], Any]] = ()) -> None:
        self._app = app
        self._table = Table()
        self._aside: Any = _nowhere
        self._readers: list[SpecMiddleware] = []
        for middleware in reversed(aside):
            self._aside = middleware(self._aside)
            if isinstance(self._aside, SpecMiddleware):
                self._readers.append(self._aside)

    def add_api(
        self, specification: Specification, base_path: str | None = None, **kwargs: Any
    ) -> None:
        for reader in self._readers:
            reader.add_api(specification, base_path=base_path, **kwargs)
        contract: Api = kwargs["contract"]
        for operation in contract.operations:
            self._table.add(
                contract.base_path, operation.path, operation.method, operation.operation_id
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\x00" in scope["path"]:
            raise UnknownPath(path=scope["path"])
        found = self._table.find(scope["path"])
        if found is None:
            await self._aside(scope, receive, send)
            return
        methods, scope["path_params"] = found
        method = scope["method"]
        target = methods.get(method)
        if target is None:
            if method == "OPTIONS":
                await _options(send, allowed(methods))
                return
            if method != "HEAD" or "GET" not in methods:
                raise MethodNotAllowed(path=scope["path"], method=method, allowed=allowed(methods))
            target, send = methods["GET"], _without_body(send)
        context = {"api_base_path": target[0], "operation_id": target[1]}
        scope.setdefault("extensions", {})[ROUTING_CONTEXT] = context
        await self._app(scope, receive, send)


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    raise UnknownPath(path=scope["path"])


def allowed(methods: Methods) -> str:
    """What Allow says of a path."""
    extra = ["HEAD"] if "GET" in methods else []
    return ", ".join(sorted({*methods, *extra, "OPTIONS"}))


async def _options(send: Send, allow: str) -> None:
    headers = [(b"allow", allow.encode()), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _without_body(send: Send) -> Send:
    async def head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return head
