"""Bill presentation media (TMF666): how a bill reaches its reader."""

from tmfserver.rules import Rules

rules = Rules(indexed=("name",))
