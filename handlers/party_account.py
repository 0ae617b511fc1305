"""Party account (TMF666): what a party owes or is owed, with how it is billed."""

from tmfserver.rules import Rules

from ._accounts import HIERARCHY, INDEXED, PERIODS, REFERENCES

rules = Rules(indexed=INDEXED, references=REFERENCES, hierarchy=HIERARCHY, periods=PERIODS)
