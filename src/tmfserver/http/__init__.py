"""The only floor that knows Connexion: its middleware list, its API class, its resolver."""

import sys
import warnings

# Connexion's Flask app is not used, and takes a fifth of a second to import: it is told that there
# is none. What else it imports (Starlette's test client, jsonschema's resolver) warns.
_FLASK_APP = "connexion.apps.flask"
_unused = _FLASK_APP not in sys.modules
if _unused:
    sys.modules[_FLASK_APP] = None  # type: ignore[assignment]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import connexion.apps.abstract  # noqa: F401 imported here for the warnings' sake
if _unused:
    del sys.modules[_FLASK_APP]
