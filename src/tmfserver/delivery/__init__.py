"""Events → webhooks: a dispatcher takes deliveries from the outbox and posts them to listeners."""
