"""The only floor that knows Connexion: its middleware list, its API class, its resolver."""

import warnings

# What Connexion imports (Starlette's test client, jsonschema's resolver) warns of its successors.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import connexion.apps.abstract  # noqa: F401 imported here for the warnings' sake
