"""From the outbox to the listeners; the outbox is written already, sending it comes next."""
