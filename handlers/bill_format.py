"""Bill format (TMF666): how a bill looks, e.g. summary or itemised."""

from tmfserver.rules import Rules

rules = Rules(indexed=("name",))
