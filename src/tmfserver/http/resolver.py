"""operationId → the function that carries it out, settled once, at start.

The handler's own function → the verb's default with the module's rules → the verb's default with
none → 501 for what no verb is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from connexion.operations import AbstractOperation
from connexion.resolver import Resolution, Resolver

from tmfserver.handling import Handler, replacing
from tmfserver.http.aggregates import aggregate
from tmfserver.http.errors import JSON_HEADER
from tmfserver.http.hub import HubOperations
from tmfserver.http.nested import HeldOperations, NestedOperations
from tmfserver.http.operations import Function, ResourceOperations, answering, not_served
from tmfserver.http.parts import PartOperations
from tmfserver.http.trees import hierarchy
from tmfserver.rules import Call, Reply
from tmfserver.spec import Api, Operation
from tmfserver.spec.described import USUAL, status_of

Operations: TypeAlias = ResourceOperations | NestedOperations | HeldOperations | PartOperations


@dataclass(frozen=True)
class Served:
    """What one contract's operations are carried out by."""

    resources: Mapping[str, ResourceOperations | NestedOperations]
    hub: HubOperations
    handlers: Mapping[str, Handler]


class OperationResolver(Resolver):
    """Connexion asks it for each operation, several times over: the answers are kept.

    served: gives what carries them out, asked once, for the first of them.
    """

    def __init__(self, api: Api, served: Callable[[], Served]) -> None:
        super().__init__()
        self._api, self._served = api, served

    @cached_property
    def _functions(self) -> dict[str, Function]:
        served = self._served()
        return {
            operation.operation_id: _function(operation, served)
            for operation in self._api.operations
        }

    def resolve(self, operation: AbstractOperation) -> Resolution:
        operation_id: str = operation.operation_id
        return Resolution(self._functions[operation_id], operation_id)


def _function(operation: Operation, served: Served) -> Function:
    default = _default(operation, served)
    own: Any = replacing(served.handlers, operation)[1]
    if own is None:
        return default

    async def replaced(call: Call) -> Reply:
        call.default = default
        return _sound(await own(call), operation)

    return replaced


def _sound(reply: Any, operation: Operation) -> Reply:
    """What a handler's function gave, as JSON unless it says otherwise."""
    if not isinstance(reply, Reply) or not isinstance(reply.body, bytes | None):
        came = type(reply.body if isinstance(reply, Reply) else reply).__name__
        where = f"the handler's function {operation.function_name}"
        raise TypeError(f"{where} gave {came}, expected a Reply whose body is bytes or None")
    has_body = reply.body is not None or reply.stream is not None
    if has_body and not any(name == b"content-type" for name, _ in reply.headers):
        reply.headers = [*reply.headers, JSON_HEADER]
    return reply


def _default(operation: Operation, served: Served) -> Function:
    match operation.verb:
        case "listen":
            statuses = [int(status) for status in operation.definition["responses"] if status < "3"]
            return served.hub.listen(operation.event or "", min(statuses, default=204))
        case "subscribe" | "subscriptions" | "subscription" | "unsubscribe":
            function: Function = getattr(served.hub, operation.verb)
            return function
        case "aggregate":
            engines = {name: each.engine for name, each in served.resources.items()}
            return aggregate(operation, engines)
        case None:
            return not_served(operation)
    resource = _resource(operation, served)
    if resource is None:
        return not_served(operation)
    if operation.verb == "hierarchy" and isinstance(resource, ResourceOperations):
        family = resource.engine.checks.family
        if family is None:
            return not_served(operation)
        return hierarchy(operation, resource.engine, family, resource.expansions.path_of)
    verb: Function = getattr(resource, operation.verb)
    status = status_of(operation.verb, operation.definition)
    if status == USUAL.get(operation.verb, status):
        return verb
    return answering(verb, operation.verb, status, resource.retrieve)


def _resource(operation: Operation, served: Served) -> Operations | None:
    found = served.resources.get(operation.resource or "")
    if isinstance(found, ResourceOperations) and operation.holder:
        return HeldOperations(found, operation.holder)
    if isinstance(found, ResourceOperations) and (operation.attribute or operation.view):
        return PartOperations(found, operation.attribute, operation.view)
    return found
