"""Billing account (TMF666): a party account that receives from a customer."""

from tmfserver.rules import Rules

from ._accounts import HIERARCHY, INDEXED, PERIODS, REFERENCES

rules = Rules(indexed=INDEXED, references=REFERENCES, hierarchy=HIERARCHY, periods=PERIODS)
