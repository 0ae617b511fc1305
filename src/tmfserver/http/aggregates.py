"""What refers to a resource, added up: an operation that an extension contract describes.

x-operation: {verb: aggregate, resource: ledger, of: [account, ...], by: ledger.id,
              groupBy: balance.kind, sum: balance.amount}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tmfserver.engine import ResourceEngine
from tmfserver.http.errors import JSON_HEADER
from tmfserver.http.summaries import as_json
from tmfserver.query.ast import Comparison
from tmfserver.query.folding import joined
from tmfserver.query.names import read_path
from tmfserver.query.summing import read_summing
from tmfserver.rules import Call, Reply
from tmfserver.spec import Operation
from tmfserver.spec.verbs import OWN

MOST = 100_000  # groups in an answer


def aggregate(
    operation: Operation, engines: Mapping[str, ResourceEngine]
) -> Callable[[Call], Awaitable[Reply]]:
    """The operation's function: 404 where there is no such resource, else the totals."""
    asked = operation.definition[OWN]
    one, others = engines[operation.resource or ""], [engines[name] for name in asked["of"]]
    text = "&".join(f"{name}={asked[name]}" for name in ("groupBy", "sum") if name in asked)
    summing, _ = read_summing(text, {})
    path = read_path(asked["by"], OWN)

    async def add_up(call: Call) -> Reply:
        (id,) = call.path.values()
        await one.retrieve(id)
        mine = Comparison(path, "eq", id, "string")
        folded = joined([await each.total(mine, summing, call.base_url) for each in others])
        return Reply(200, as_json(one.resource.name, summing, folded, 0, MOST), [JSON_HEADER])

    return add_up
