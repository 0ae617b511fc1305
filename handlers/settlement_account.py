"""Settlement account (TMF666): a party account that settles with a partner."""

from tmfserver.rules import Rules

from ._accounts import INDEXED, REFERENCES

rules = Rules(indexed=INDEXED, references=REFERENCES)
