"""The server plugs into Connexion where Connexion 3.3 lets it; a newer one is tried here first."""

from __future__ import annotations

import importlib.metadata

from connexion.apps.asynchronous import AsyncApp
from connexion.middleware.main import API, ConnexionMiddleware
from tests.spec.things import api

from tmfserver.http.serving import ContractSpecification, ServedApp, ServedASGIApp


def test_connexion_is_of_the_minor_version_that_this_is_written_for() -> None:
    """Its private `_middleware_app` and its list of apis are relied on."""
    assert importlib.metadata.version("connexion").startswith("3.3.")


def test_the_app_is_connexions() -> None:
    """Connexion drives the middlewares around the innermost app, which is ours."""
    app = ServedApp("tmfserver", middlewares=[])
    assert isinstance(app, AsyncApp)
    assert isinstance(app.middleware, ConnexionMiddleware)
    assert isinstance(app.middleware.app, ServedASGIApp)
    assert app.middleware.apis == []
    assert API is not None


def test_connexion_reads_the_effective_contract_and_leaves_it_as_it_is() -> None:
    """It lengthens lists of parameters in place; those are copies."""
    contract = api()
    parameters = contract.document["paths"]["/thing"]["get"]["parameters"]
    before = list(parameters)
    specification = ContractSpecification(contract)
    assert specification.base_path == "/tmf-api/thingManagement/v1"
    specification["paths"]["/thing"]["get"]["parameters"].append({})
    assert parameters == before
