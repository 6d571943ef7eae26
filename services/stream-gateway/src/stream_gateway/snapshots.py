"""Snapshots: the frame that shows a channel at the present version, for a stream."""

from __future__ import annotations

from stream_gateway.backlog import Snapshot
from stream_gateway.channel import Channel
from stream_gateway.coding import Form, deflated
from stream_gateway.picture import AFTER
from stream_gateway.position import Position

_EVENT = b"event: snapshot\ndata: "
_END = AFTER + b"\n\n"
WHOLE_ANYHOW = 256
"""Sections up to which a client gets all of them, changed or not: about 32 KB."""


def snapshot_of(
    channel: Channel,
    form: Form,
    position: Position,
    now: str,
    reason: str | None = None,
    known: int | None = None,
) -> Snapshot:
    """The snapshot. Where the client is known to have everything up to sequence `known`, and the
    channel is big, only what changed since (`partial`)."""
    picture = channel.picture
    if picture is None:
        raise RuntimeError(f"{channel.name} is not open")
    changed = None
    if known is not None and len(picture) > WHOLE_ANYHOW:
        changed = channel.changed_since(known)
    partial = changed is not None and len(changed) <= len(picture) // 2
    before = _EVENT + picture.before(
        cursor=position.cursor,
        epoch=position.epoch,
        server_time=now,
        reason=reason,
        partial=partial,
    )
    pane = picture.pane(form.audience)
    if not partial or changed is None:
        return Snapshot(before, pane.pieces(gzip=form.coding.gzip), _END)
    some = pane.some(changed)
    return Snapshot(before, [deflated(some) if form.coding.gzip else some], _END)
