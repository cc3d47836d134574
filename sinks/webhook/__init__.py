"""Webhooks: endpoints, the outbox of deliveries, signing, and the one way by which requests leave."""
