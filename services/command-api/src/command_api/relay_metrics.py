"""What the leader tells Prometheus about itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from holdfast.runtime.metrics import LATENCY_BUCKETS


class RelayMetrics:
    """`registry` None: counted, but shown nowhere."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self.leading = Gauge("holdfast_leader", "1 while this process leads", registry=registry)
        self.lag = Gauge(
            "holdfast_relay_lag_seconds",
            "Age of the oldest change that is not published, as of the last sweep",
            registry=registry,
        )
        self.behind = Gauge(
            "holdfast_relay_channels_behind",
            "Channels with something to publish, as of the last sweep",
            registry=registry,
        )
        self.delay = Histogram(
            "holdfast_relay_delay_seconds",
            "From the time of an event to its ack, the oldest of each round",
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.published = Counter(
            "holdfast_relay_published_total", "Rows acknowledged", ["stream"], registry=registry
        )
        self.batch = Histogram(
            "holdfast_relay_batch_messages",
            "Messages of each atomic batch",
            buckets=(16, 32, 64, 128, 256, 512, 1000),
            registry=registry,
        )
        self.retries = Counter(
            "holdfast_relay_retries_total",
            "Publishing that did not go through at once",
            ["reason"],
            registry=registry,
        )
        self.epochs = Counter(
            "holdfast_relay_epochs_total", "New epochs begun by this process", registry=registry
        )
        self.snapshots = Counter(
            "holdfast_snapshots_written_total", "Entries written to the bucket", registry=registry
        )
