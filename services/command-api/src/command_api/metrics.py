"""What HTTP and the writer tell Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from holdfast.runtime.metrics import LATENCY_BUCKETS

if TYPE_CHECKING:
    from command_api.writer import Writer


class HttpMetrics:
    """One histogram by path template, method and status; and what a status does not tell."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._stale = Counter(
            "holdfast_stale_attempts",
            "Requests that lost to a change which came after the version that the asker had seen",
            registry=registry,
        )
        self._seconds = Histogram(
            "holdfast_http_seconds",
            "From the request's head to its answer",
            ("path", "method", "status"),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )

    def observe(self, path: str, method: str, status: int, seconds: float) -> None:
        """One request is done; methods that we do not know are one label."""
        known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
        self._seconds.labels(path, known, status).observe(seconds)

    def stale_attempt(self) -> None:
        """Somebody asked for what their screen showed free, and it no longer was."""
        self._stale.inc()


class WriterMetrics:
    """Gauges over a writer's own counters."""

    def __init__(self, registry: CollectorRegistry, writer: Writer) -> None:
        shown: dict[str, tuple[str, Callable[[], float]]] = {
            "holdfast_writer_queue": ("Commands that wait for a flight", lambda: writer.waiting),
            "holdfast_writer_flights": ("Appends that were answered", lambda: writer.flights),
            "holdfast_writer_commands": ("Commands that were settled", lambda: writer.settled),
            "holdfast_writer_races": ("Flights that lost a compare-and-set", lambda: writer.races),
            "holdfast_writer_connected": ("1 while Postgres answers", lambda: writer.connected),
        }
        for name, (text, read) in shown.items():
            Gauge(name, text, registry=registry).set_function(read)
