"""Whether the contracts of a start may be served on its database, by what was served there last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from tmfserver import sql
from tmfserver.engine.sharing import kept_in
from tmfserver.errors import BreakingContract
from tmfserver.examining import examine, told
from tmfserver.planning import Plan
from tmfserver.spec import Api
from tmfserver.spec.facts import Facts, content_hash, facts_of, let_go, pack, unpack
from tmfserver.sql import ServedContract

log = logging.getLogger("tmfserver")

# A start looks at no more documents than these, which takes it under a second or two.
MOST = 10_000
_TOLD = 3  # problems that the message names


def admit(plan: Plan) -> list[ServedContract]:
    """The contracts that are new or changed, to be recorded when the database is prepared.

    Raises BreakingContract for one under which stored documents would not hold, as far as these
    can be looked at, unless the setting `accept_contract` says that it may.
    """
    known = sql.served_contracts(plan.settings.database)
    newly = []
    for api in plan.apis:
        last, content = known.get(api.base_path), content_hash(api)
        if last is not None and last.content == content:
            continue
        facts = facts_of(api)
        if last is not None:
            _compare(plan, api, unpack(last.facts), facts)
        else:
            _tell_of_others(api, known)
        row = ServedContract(api.base_path, api.title, api.version, content, pack(facts))
        newly.append(row)
        let_go(api)
    return newly


def _compare(plan: Plan, api: Api, old: Facts, new: Facts) -> None:
    from tmfserver.spec.compare import compare

    breaking = [each for each in compare(old, new) if each.for_documents == "breaking"]
    before = f"{old.title} {old.version}"
    if not breaking:
        log.info("%s is served in place of %s.", api.file.name, before)
        return
    resources = dict.fromkeys(each.place.split(".")[0] for each in breaking)
    problems = list(_problems(plan, api, resources))
    if problems and not plan.settings.accept_contract:
        more = [f"and {len(problems) - _TOLD} more"] if len(problems) > _TOLD else []
        sentence = "; ".join([*problems[:_TOLD], *more])
        raise BreakingContract(file=api.file, before=before, problems=sentence)
    for problem in problems:
        log.warning("Accepted, though it breaks documents stored under %s: %s", before, problem)
    log.info("%s is served in place of %s.", api.file.name, before)


def _problems(plan: Plan, api: Api, resources: Iterable[str]) -> Iterator[str]:
    """Sentences on the documents of these resources that do not hold, or may not."""
    left, database = MOST, plan.settings.database
    sharings = {each.alias: each for each in plan.sharings}
    for resource in resources:
        table, names = kept_in(sharings, api.collection_name(resource))
        found = examine(database, table, resource, api, left, names)
        left -= found.looked_at
        yield from (told(found, reason) for reason in found.reasons)
        if not found.whole:
            yield f"not all documents of {resource} were looked at, for there are more than {MOST}"


def _tell_of_others(api: Api, known: Mapping[str, ServedContract]) -> None:
    for last in known.values():
        if last.title.lower() == api.title.lower():
            log.info(
                "%s is served at %s for the first time; documents of version %s stay at %s, served"
                " while its contract is. docs/upgrading-specs.md tells how to carry them over.",
                api.title, api.base_path, last.version, last.base_path,
            )  # fmt: skip
