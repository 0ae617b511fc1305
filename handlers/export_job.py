"""Export job (TMF630 Part 4): exports: resources that become files, in the background."""

from tmfserver.rules import Rules

rules = Rules(indexed=("status", "creationDate", "completionDate"))
