"""The jobs of TM Forum's own contracts, where these are dropped in: TMF620 v4 and v5."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.http.asking import refused
from tests.jobs.conftest import NDJSON, done, posted
from tests.serving import StartServer, select

VARIABLE = "TMFSERVER_OFFICIAL_SPECS"
OFFICIAL = os.environ.get(VARIABLE)

pytestmark = pytest.mark.skipif(
    not OFFICIAL, reason=f"{VARIABLE} names no folder of published contracts"
)


class Catalog(NamedTuple):
    file: str
    base: str
    category: dict[str, Any]  # what every category has
    job: dict[str, Any]  # what every job has
    events: list[str]


V4 = Catalog("TMF620-v4.1.0.swagger.json", "/tmf-api/productCatalogManagement/v4", {}, {}, [])
V5 = Catalog(
    "TMF620-v5.0.0.oas.yaml", "/productCatalogManagement/v5", {"@type": "Category"}, {},
    ["CreateEvent", "StateChangeEvent", "StateChangeEvent"],
)  # fmt: skip


@pytest.mark.parametrize("catalog", [V4, V5], ids=["v4", "v5"])
def test_tmf620_s_jobs_run(start_server: StartServer, tmp_path: Path, catalog: Catalog) -> None:
    """Its importJob and exportJob do what ours do: from an upload and from a URL, to a URL; which
    its contract wants of each export. What it declares of events is told."""
    server = start_server(
        environment={"TMFSERVER_WORK": "true"}, specs=Path(OFFICIAL or "") / catalog.file,
        files_folder=tmp_path,
    )  # fmt: skip
    imports, exports = f"{catalog.base}/importJob", f"{catalog.base}/exportJob"
    some = [{"id": str(n), "name": f"Nr. {n}", **catalog.category} for n in range(3)]
    content = "".join(json.dumps(each) + "\n" for each in some).encode()
    (tmp_path / "in.ndjson").write_bytes(content + b'{"id":1}\n')
    with server.client() as client:
        assert client.post(
            f"{catalog.base}/hub", json={"callback": "http://127.0.0.1:9/", "@type": "Hub"}
        ).is_success
        response = client.post(
            imports, params={"path": "category"}, content=content, headers=NDJSON
        )
        job = done(client, posted(response))
        assert (job["status"], job["counts"]["created"]) == ("Succeeded", 3)
        asked = {"url": f"file://{tmp_path}/in.ndjson", "path": "category", "@type": "ImportJob"}
        job = done(client, posted(client.post(imports, json=asked)))
        assert (job["counts"]["duplicate"], job["counts"]["invalid"]) == (3, 1)
        assert len(client.get(job["errorLog"]).text.splitlines()) == 4
        lost = {**asked, "url": f"file://{tmp_path}/nothing.ndjson"}
        job = done(client, posted(client.post(imports, json=lost)))
        assert (job["status"], job["errorLog"]) == ("Failed", job["reason"])
        asked = {"path": "category", "query": "name=Nr. 1", "@type": "ExportJob"}
        refused(client.post(exports, json=asked), 400, "url")
        asked["url"] = f"file://{tmp_path}/out.ndjson"
        job = done(client, posted(client.post(exports, json=asked)))
        assert (job["status"], job["counts"]) == ("Succeeded", {"written": 1})
        assert json.loads((tmp_path / "out.ndjson").read_text())["id"] == "1"
    rows = select(server.database, "SELECT type FROM event ORDER BY seq")
    told = [type_ for (type_,) in rows if "Job" in type_]
    assert told[:3] == [f"ImportJob{kind}" for kind in catalog.events]
    assert told[-3:] == [f"ExportJob{kind}" for kind in catalog.events]
