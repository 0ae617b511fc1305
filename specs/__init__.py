"""The contracts that tmfserver carries, as data files that it finds next to this module."""
