"""Kits made up for the tests: their own words, in the form that TM Forum's have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

# Asks for a list and creates something, and writes down what came as newman's reporter does.
SCRIPT = """
const fs = require('fs')
const config = JSON.parse(fs.readFileSync('../config.json'))
const parts = new URL(config.url)
const executions = []
async function ask (name, method, resource, expected, body) {
  const headers = { ...config.headers, ...(body ? { 'Content-Type': 'application/json' } : {}) }
  const url = {
    protocol: parts.protocol.slice(0, -1), host: parts.hostname.split('.'), port: parts.port,
    path: (parts.pathname + resource).split('/').filter(Boolean),
    query: method === 'GET' ? [{ key: 'limit', value: '1' }, { key: 'off', disabled: true }] : []
  }
  const header = Object.entries(headers).map(([key, value]) => ({ key, value }))
  const given = { method, url, header }
  if (body) given.body = { mode: 'raw', raw: body }
  const one = { cursor: { ref: name }, item: { name }, request: given }
  try {
    const query = method === 'GET' ? '?limit=1' : ''
    const came = await fetch(config.url + resource + query, { method, headers, body })
    const bytes = Buffer.from(await came.arrayBuffer())
    one.response = {
      code: came.status, responseTime: 5, stream: bytes.toJSON(),
      header: [...came.headers].map(([key, value]) => ({ key, value }))
    }
    one.assertions = [{ assertion: 'the answer is in time', skipped: false }]
    const wrong = { name: 'AssertionError', message: `expected ${expected} but got ${came.status}` }
    one.assertions.push({ assertion: `answers ${expected}`, skipped: false,
      ...(came.status === expected ? {} : { error: wrong }) })
    one.assertions.push({ assertion: 'is never looked at', skipped: true })
  } catch (error) {
    one.requestError = { code: 'ECONNREFUSED', message: String(error.message) }
  }
  executions.push(one)
}
async function main () {
  for (const [name, method, resource, expected, body] of require('./asks.json')) {
    await ask(name, method, resource, expected, body)
  }
  const failed = executions.flatMap(one => one.assertions || []).filter(one => one.error).length
  const stats = { assertions: { total: executions.length, failed } }
  const report = { collection: {}, run: { stats, failures: [], executions } }
  fs.writeFileSync('../jsonResults.json', JSON.stringify(report))
  console.log('the made-up kit has ended')
}
main()
"""

Ask = tuple[str, str, str, int, str | None]
PACKAGE = {"name": "made-up", "scripts": {"start": "node index.js"}}
CONFIG = {"url": "http://localhost:1/tmf-api/ticketOffice/v4/", "headers": {"Accept": "*/*"}}


def make(
    folder: Path,
    asks: list[Ask],
    *,
    script: str = SCRIPT,
    package: dict[str, Any] | None = None,
    config: Any = CONFIG,
) -> Path:
    """A kit in a folder, whose script makes these requests: name, method, path, status, body."""
    (folder / "ctk").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    files = {"package.json": package or PACKAGE, "asks.json": asks}
    for name, content in files.items():
        (folder / "ctk" / name).write_text(json.dumps(content), encoding="utf-8")
    (folder / "ctk" / "index.js").write_text(script, encoding="utf-8")
    return folder


def zipped(folder: Path, file: Path) -> Path:
    """A folder as a ZIP file, with the folder's name around all, as kits come."""
    with ZipFile(file, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, Path(folder.name) / path.relative_to(folder))
    return file
