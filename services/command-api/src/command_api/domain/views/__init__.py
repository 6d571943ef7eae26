"""State and records as answers, notices, snapshots and figures."""
