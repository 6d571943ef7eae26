"""Plumbing that both services share: configuration, tokens, NATS, logging, metrics. No booking logic."""
