"""Webhook endpoints of a club (Standard Webhooks signatures)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from holdfast.contracts.ids import Timestamp
from holdfast.contracts.notices import NoticeType
from holdfast.contracts.wire import Request, Wire


class WebhookEndpointRequest(Request, kw_only=True):
    url: Annotated[str, Meta(pattern=r"^https?://", max_length=2000)]
    types: list[NoticeType] = field(default_factory=list)
    """None named: all."""


class WebhookEndpoint(Wire, kw_only=True):
    endpoint_id: str
    url: str
    types: list[NoticeType]
    secret: str | None
    """Shown once, in the answer that made it."""
    created_at: Timestamp
    disabled: bool


class WebhookEndpointPage(Wire, kw_only=True):
    items: list[WebhookEndpoint]
    next_page_token: str | None = None
