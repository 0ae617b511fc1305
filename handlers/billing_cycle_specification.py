"""Billing cycle specification (TMF666): when bills are made and due."""

from tmfserver.rules import Rules

rules = Rules(indexed=("name",), periods=("validFor",))
