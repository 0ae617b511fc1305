"""Import job (TMF630 Part 4): imports: files whose records become resources, in the background."""

from tmfserver.rules import Rules

rules = Rules(indexed=("status", "creationDate", "completionDate"))
