"""Registry: the channels and groups that are open, bounded, and how many streams each channel has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.states import Audience
from stream_gateway.channel import Channel, subject_of
from stream_gateway.coding import Coding, Form, form
from stream_gateway.config import Config
from stream_gateway.group import Group, View
from stream_gateway.metrics import Metrics
from stream_gateway.ring import Budget

GroupKey = tuple[tuple[str, Form], ...]


class Registry:
    """`on_drop` is told of each channel before it is forgotten."""

    def __init__(
        self, config: Config, metrics: Metrics, on_drop: Callable[[Channel], None]
    ) -> None:
        self.channels: dict[str, Channel] = {}
        """By subject."""
        self.groups: dict[GroupKey, Group] = {}
        self.viewers_changed: dict[str, int] = {}
        """Streams of this gateway by channel name, where that changed since presence looked."""
        self._config = config
        self._metrics = metrics
        self._on_drop = on_drop
        self._ring_bytes = Budget(config.ring_total_bytes)
        self._sections = Budget(config.max_sections)

    def channel(self, key: ChannelKey | CustomerKey) -> Channel:
        """The channel, made where there is none: from now on it takes the feed's events."""
        channel = self.channels.get(subject_of(key))
        if channel is None:
            channel = Channel(
                key,
                ring_bytes=self._config.ring_bytes,
                budget=self._ring_bytes,
                sections=self._sections,
            )
            self.channels[channel.subject] = channel
            self._metrics.channels.set(len(self.channels))
        if not channel.groups:
            channel.idle_since = time.monotonic()
        return channel

    def drop(self, channel: Channel) -> None:
        """Forget a channel that nobody uses."""
        self._on_drop(channel)
        channel.reset()
        self.channels.pop(channel.subject, None)
        self._metrics.channels.set(len(self.channels))

    def has_room(self, keys: Iterable[ChannelKey | CustomerKey]) -> bool:
        """Whether these channels may be open too; those that nobody uses make room first."""
        if not self._is_full() or all(subject_of(key) in self.channels for key in keys):
            return True
        for channel in list(self.channels.values()):
            if channel.idle_since is not None and not channel.groups and not channel.waiters:
                self.drop(channel)
        return not self._is_full()

    def join(
        self, wanted: Iterable[tuple[ChannelKey | CustomerKey, Audience]], coding: Coding
    ) -> Group:
        """The group of those who want just this, with one client more; `leave` it once."""
        views = tuple(View(self.channel(key), form(audience, coding)) for key, audience in wanted)
        key = _key_of(views)
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(views, coding, self._metrics)
            for view in views:
                view.channel.groups[group] = view.form
                view.channel.idle_since = None
        group.clients += 1
        self._count(group, 1)
        return group

    def leave(self, group: Group) -> None:
        """One client less."""
        group.clients -= 1
        self._count(group, -1)
        if group.clients:
            return
        self.groups.pop(_key_of(group.views), None)
        for channel, _ in group.views:
            channel.groups.pop(group, None)
            if not channel.groups:
                channel.idle_since = time.monotonic()

    def viewers(self) -> Iterable[tuple[str, str, int]]:
        """Club, venue and the streams of this gateway, for each channel that has some."""
        return (
            (channel.key.club, channel.key.venue, channel.viewers)
            for channel in self.channels.values()
            if channel.viewers and isinstance(channel.key, ChannelKey)
        )

    def _is_full(self) -> bool:
        return (
            len(self.channels) >= self._config.max_channels
            or self._sections.used >= self._sections.limit
        )

    def _count(self, group: Group, change: int) -> None:
        for channel, _ in group.views:
            if not channel.private:
                channel.viewers += change
                self.viewers_changed[channel.name] = channel.viewers


def _key_of(views: tuple[View, ...]) -> GroupKey:
    return tuple((view.channel.name, view.form) for view in views)
