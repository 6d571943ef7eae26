"""Metrics of the gateway. Names are what dashboards and alerts are built on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from holdfast.runtime.metrics import LATENCY_BUCKETS


class Metrics:
    """One registry per process; tests make their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"holdfast_gateway_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"holdfast_gateway_{name}", text, registry=self.registry)

        self.clients = gauge("clients", "Open streams")
        self.channels = gauge("channels", "Channels held in memory")
        self.feed_lag = gauge("feed_lag_messages", "Messages of the stream not yet handled")
        self.feed_attached = gauge("feed_attached", "1 while the feed hears from its consumer")
        self.events = counter("events", "Messages of the stream handled")
        self.deliveries = counter("deliveries", "Frames written to clients")
        self.joins = counter("joins", "Joins completed", "kind")
        self.resets = counter("resets", "Clients told to forget what they know", "reason")
        self.slow = counter("slow_consumers", "Times a client left the fast path")
        self.closes = counter("closes", "Streams ended by the gateway", "reason")
        self.shed = counter("shed", "Streams turned away for now", "reason")
        self.reauths = counter("reauths", "Streams refused for a ticket or cookie", "reason")
        self.holes = counter("holes", "Channels loaded anew because versions were missing")
        self.loads = counter("channel_loads", "Snapshots read to open a channel", "source")
        self.cold_reads = counter("cold_reads", "Replays fetched from JetStream")
        self.feed_restarts = counter("feed_restarts", "Consumers made anew", "reason")
        self.histories = counter("histories_changed", "Times the stream's history was another")
        self.latency = Histogram(
            "holdfast_gateway_delivery_seconds",
            "From the stream's time of a message to its write",
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )

    def watch_viewers(self, viewers: Callable[[], Iterable[tuple[str, str, int]]]) -> None:
        """Show, at each scrape, the streams of this gateway by club and venue."""
        self.registry.register(_Viewers(viewers))


class _Viewers(Collector):
    def __init__(self, viewers: Callable[[], Iterable[tuple[str, str, int]]]) -> None:
        self._viewers = viewers

    def collect(self) -> Iterator[Metric]:
        """Sums by venue; a channel each would be too many series."""
        sums: dict[tuple[str, str], int] = {}
        for club, venue, number in self._viewers():
            sums[club, venue] = sums.get((club, venue), 0) + number
        family = GaugeMetricFamily(
            "holdfast_gateway_viewers",
            "Channels watched by streams of this gateway; sum over gateways for all",
            labels=("club", "venue"),
        )
        for (club, venue), number in sums.items():
            family.add_metric((club, venue), number)
        yield family
