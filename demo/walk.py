"""The commands that walk through the two flows: rate a partner's usage, and give it back rated."""

from __future__ import annotations

from demo.telco import COMPANY, LEDGER, PARTNER, Document

USAGES, ACCOUNTS = "/tmf-api/usageManagement/v4", "/tmf-api/accountManagement/v4"
AMOUNT = "ratedProductUsage.taxExcludedRatingAmount"
FILE = "rated-for-partner.csv"
RATED = """{
  "status": "rated",
  "ratedProductUsage": [{"ratingDate": "2026-04-01T00:00:00Z", "ratingAmountType": "Total",
    "taxExcludedRatingAmount": {"unit": "EUR", "value": 4.20}}]}"""


def walk(address: str, usage: Document, serve: str) -> str:
    """A shell script with comments. usage: the partner's, received and not rated yet."""
    blocks = "\n\n".join(f"# {what}\n{command}" for what, command in _steps(usage))
    return f"""\
# Start the server, if it does not run, and paste the rest into another terminal.
# {serve}

T={address}{USAGES}
A={address}{ACCOUNTS}

{blocks}

# In a browser: what is served, and two pictures of it
# {address}/
# {address}/hierarchy{ACCOUNTS}/billingAccount/B-1
# {address}/charts{USAGES}/usage?date=usageDate&relatedParty.id={COMPANY["id"]}
"""


def _steps(usage: Document) -> list[tuple[str, str]]:
    """(what it does, the command)."""
    one, partner = f"$T/usage/{usage['id']}", PARTNER["id"]
    rated = f"status=rated&relatedParty.id={partner}"
    job = f'{{"path": "usage", "query": "{rated}", "contentType": "text/csv"}}'
    posting = f"curl -sS \"$T/exportJob\" -H 'Content-Type: application/json' -d '{job}'"
    return [
        (
            f"1. What {PARTNER['name']} generated and nobody rated yet",
            _get(
                f"$T/usage?status=received&relatedParty.id={partner}"
                "&fields=usageDate,usageType,status&limit=3"
            ),
        ),
        ("Guide it: we know whose it is", _patch(f"{one}?fields=status", '{"status": "guided"}')),
        ("Rate it, as a rating system does", _patch(f"{one}?fields=status,{AMOUNT}", RATED)),
        ("How it came to its state", _get(f"{one}/history")),
        (
            f"2. What is rated, given to {PARTNER['name']} as a file",
            "\n".join(
                (
                    f"JOB=$({posting} \\\n  | grep -o 'http[^\"]*' | head -1)",
                    """until curl -sS "$JOB" | grep -q '"Succeeded"'; do sleep 0.2; done""",
                    f'curl -sS "$JOB/content" -o {FILE} && head -3 {FILE}',
                )
            ),
        ),
        (
            "What that adds up to, for both sides: by type and month, in euros",
            _get(
                f"$T/usageSummary?relatedParty.id={partner}"
                f"&groupBy=usageType,usageDate.month&sum={AMOUNT}"
            ),
        ),
        (
            f"{COMPANY['name']} and its branches, as a tree",
            _get("$A/billingAccount/B-1-S3/hierarchy?from=top"),
        ),
        ("What customers owe", _get(f"$A/financialAccount/{LEDGER}/balance")),
    ]


def _get(url: str) -> str:
    return f'curl -sS "{url}"; echo'


def _patch(url: str, body: str) -> str:
    media = "Content-Type: application/merge-patch+json"
    return f"curl -sS -X PATCH \"{url}\" \\\n  -H '{media}' -d '{body}'; echo"
