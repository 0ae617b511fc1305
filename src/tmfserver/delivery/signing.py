"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com)."""

from __future__ import annotations

from datetime import UTC, datetime

from standardwebhooks import Webhook


def signed(keys: str, id: str, body: bytes, at: datetime | None = None) -> dict[str, str]:
    """The headers of a notification; keys: see deliveries.Key, each makes a signature.

    Without a key there is no signature, but the id and the time are told.
    """
    moment = at or datetime.now(UTC)
    headers = {"webhook-id": id, "webhook-timestamp": str(int(moment.timestamp()))}
    if keys.strip():
        text = body.decode()
        signatures = [Webhook(key).sign(id, moment, text) for key in keys.split()]
        headers["webhook-signature"] = " ".join(signatures)
    return headers
