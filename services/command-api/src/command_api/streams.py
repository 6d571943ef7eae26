"""The JetStream streams and buckets: made where they are missing, updated where limits differ,
never made anew over what is there."""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.contracts.subjects import (
    BOOKINGS_SECONDS,
    BOOKINGS_STREAM,
    BOOKINGS_SUBJECTS,
    EPOCH_METADATA,
    LIVE_SECONDS,
    LIVE_STREAM,
    LIVE_SUBJECTS,
    SNAPSHOTS_BUCKET,
    VENUES_BUCKET,
)
from holdfast.runtime.nats import (
    NAME_IN_USE,
    NOT_FOUND_STREAM,
    ApiError,
    Client,
    jetstream_api,
)

SECOND = 1_000_000_000
"""JetStream counts in nanoseconds."""
TIMEOUT = 2.0
"""Seconds for an answer; a request that a reconnect has lost is never answered."""


class StreamSettings(msgspec.Struct, frozen=True):
    """`per_subject`: messages that `LIVE` keeps of one channel. It must be more than a channel can
    make in the snapshot lag (a second at 40,000 a second), else a gateway cannot join the two.
    `snapshot_seconds`: after so long without a change a channel's bucket entry is dropped."""

    replicas: int = 1
    live_seconds: int = LIVE_SECONDS
    bookings_seconds: int = BOOKINGS_SECONDS
    snapshot_seconds: int = 30 * 86_400
    per_subject: int = 100_000
    duplicate_seconds: int = 120


class StreamInfo(msgspec.Struct, frozen=True):
    """`epoch` is None where the stream has none in its metadata."""

    epoch: str | None
    first_seq: int
    last_seq: int


def live_config(settings: StreamSettings) -> dict[str, Any]:
    """`LIVE`: everything that gateways follow, in one total order."""
    return {
        **_log(LIVE_STREAM, LIVE_SUBJECTS, settings.live_seconds, settings),
        "max_msgs_per_subject": settings.per_subject,
    }


def bookings_config(settings: StreamSettings) -> dict[str, Any]:
    """`BOOKINGS`: notices for other services."""
    return _log(BOOKINGS_STREAM, BOOKINGS_SUBJECTS, settings.bookings_seconds, settings)


def bucket_config(bucket: str, settings: StreamSettings, max_age: int = 0) -> dict[str, Any]:
    """A key-value bucket with history 1, in the shape that NATS clients expect of one."""
    return {
        "name": f"KV_{bucket}",
        "subjects": [f"$KV.{bucket}.>"],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "num_replicas": settings.replicas,
        "max_msgs_per_subject": 1,
        "max_age": max_age * SECOND,
        "duplicate_window": settings.duplicate_seconds * SECOND,
        "allow_rollup_hdrs": True,
        "allow_direct": True,
        "deny_delete": True,
    }


def _log(
    name: str, subjects: tuple[str, ...], max_age: int, settings: StreamSettings
) -> dict[str, Any]:
    return {
        "name": name,
        "subjects": list(subjects),
        "storage": "file",
        "retention": "limits",
        "discard": "old",
        "num_replicas": settings.replicas,
        "max_age": max_age * SECOND,
        "duplicate_window": settings.duplicate_seconds * SECOND,
        "allow_direct": True,
        "allow_atomic": True,
        "deny_delete": True,
        "deny_purge": True,
    }


async def ensure_streams(nc: Client, settings: StreamSettings) -> None:
    """Make or mend all but `LIVE`, which belongs to the epoch's keeper. Raises ApiError."""
    for config in (
        bookings_config(settings),
        bucket_config(SNAPSHOTS_BUCKET, settings, settings.snapshot_seconds),
        bucket_config(VENUES_BUCKET, settings),
    ):
        await ensure_stream(nc, config)


async def ensure_stream(nc: Client, config: dict[str, Any]) -> None:
    """Make the stream, or change what differs; other settings stay as they are. Raises ApiError
    where the server refuses (a setting that cannot be changed on a living stream)."""
    name = config["name"]
    present = await _config(nc, name)
    if present is None:
        try:
            await jetstream_api(nc, f"STREAM.CREATE.{name}", config, timeout=TIMEOUT)
            return
        except ApiError as error:
            if error.err_code != NAME_IN_USE:
                raise
        present = await _config(nc, name) or {}
    wanted = {**present, **config}
    # The server keeps entries of its own in the metadata.
    wanted["metadata"] = {**present.get("metadata", {}), **config.get("metadata", {})}
    if wanted != {"metadata": {}, **present}:
        await jetstream_api(nc, f"STREAM.UPDATE.{name}", wanted, timeout=TIMEOUT)


async def live_info(nc: Client) -> StreamInfo | None:
    """Where `LIVE` stands, by its leader; None where there is no such stream."""
    try:
        info = await jetstream_api(nc, f"STREAM.INFO.{LIVE_STREAM}", timeout=TIMEOUT)
    except ApiError as error:
        if error.err_code == NOT_FOUND_STREAM:
            return None
        raise
    state = info["state"]
    return StreamInfo(
        info["config"].get("metadata", {}).get(EPOCH_METADATA),
        state["first_seq"],
        state["last_seq"],
    )


async def mark_live(nc: Client, settings: StreamSettings, epoch: str) -> None:
    """Make or mend `LIVE` and write the epoch into its metadata."""
    await ensure_stream(nc, {**live_config(settings), "metadata": {EPOCH_METADATA: epoch}})


async def _config(nc: Client, name: str) -> dict[str, Any] | None:
    try:
        info = await jetstream_api(nc, f"STREAM.INFO.{name}", timeout=TIMEOUT)
    except ApiError as error:
        if error.err_code == NOT_FOUND_STREAM:
            return None
        raise
    config: dict[str, Any] = info["config"]
    return config
