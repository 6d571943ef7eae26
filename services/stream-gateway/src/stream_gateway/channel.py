"""Channel: what the gateway knows of one channel, exact at every version once open.

    opening ──install──▶ open ──layout.updated──▶ reloading ──install──▶ open
       ▲                   └──────── a hole ────────┐                     │
       └────────────────────── reset ◀──────────────┴─────────────────────┘

While it opens, events are kept aside; while it reloads (the sections changed, and only a snapshot
tells how), they go to the clients as ever and are kept aside too. Nobody joins but in `open`.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from holdfast.contracts.channels import ChannelKey, CustomerKey
from holdfast.contracts.subjects import availability_subject, customer_subject
from stream_gateway.coding import Form
from stream_gateway.frames import Event, LayoutChange, Transition
from stream_gateway.picture import Picture, UnknownSection
from stream_gateway.renditions import Renditions
from stream_gateway.ring import Budget, Ring

if TYPE_CHECKING:
    from stream_gateway.group import Group


class State(Enum):
    OPENING = "opening"
    OPEN = "open"
    RELOADING = "reloading"


class Receipt(Enum):
    """What became of an event."""

    DELIVER = "deliver"
    """The next version: to be sent to every subscriber."""
    KEPT = "kept"
    """Put aside until the channel opens."""
    STALE = "stale"
    """A version that is known already."""
    HOLE = "hole"
    """Versions are missing before it: the channel must be loaded anew."""


class Waiter(Protocol):
    """Somebody who can go on when the channel is open."""

    def wake(self) -> None:
        """The channel is open; called once."""

    def fail(self, problem: OpenFailed) -> None:
        """It could not be opened in time; called once, instead."""


class OpenFailed(Exception):
    """The channel could not be loaded. `known` is False where its owner says there is no such one."""

    def __init__(self, channel: str, problem: str, *, known: bool = True) -> None:
        super().__init__(f"{channel}: {problem}")
        self.channel = channel
        self.problem = problem
        self.known = known


class Hole(Exception):
    """Versions are missing between a snapshot and the events after it."""


def subject_of(key: ChannelKey | CustomerKey) -> str:
    """The channel's subject in the stream."""
    return customer_subject(key) if isinstance(key, CustomerKey) else availability_subject(key)


class Channel:
    """State, recent events, subscribers and waiters of one channel."""

    def __init__(
        self,
        key: ChannelKey | CustomerKey,
        *,
        ring_bytes: int,
        budget: Budget,
        sections: Budget,
    ) -> None:
        self.key = key
        self.name = key.name
        self.private = isinstance(key, CustomerKey)
        self.subject = subject_of(key)
        self.state = State.OPENING
        self.version = 0
        self.reload_from = 0
        """The lowest version whose snapshot shows the present sections."""
        self.ring = Ring(0, 0, limit=ring_bytes, total=budget)
        self._sections = sections
        self._picture: Picture | None = None
        self.groups: dict[Group, Form] = {}
        self.waiters: set[Waiter] = set()
        self.viewers = 0
        """Streams of this gateway."""
        self.renditions = Renditions()
        self.idle_since: float | None = None
        self._aside: list[Event] = []

    @property
    def is_open(self) -> bool:
        return self.state is State.OPEN

    @property
    def picture(self) -> Picture | None:
        """The sections; None for private channels, and for others until they are open."""
        return self._picture

    @picture.setter
    def picture(self, picture: Picture | None) -> None:
        self._sections.used += (len(picture) if picture else 0) - len(self._picture or ())
        self._picture = picture

    @property
    def layout_version(self) -> int:
        """Of the sections that a snapshot shows now; 0 while there are none."""
        return 0 if self.picture is None else self.picture.layout_version

    def receive(self, event: Event) -> Receipt:
        """Take the next event of the feed."""
        if self.state is State.OPENING:
            self._aside.append(event)
            return Receipt.KEPT
        if self.private:
            self.ring.append(event)
            return Receipt.DELIVER
        if event.version <= self.version:
            return Receipt.STALE
        if event.version != self.version + 1:
            return Receipt.HOLE
        self._advance(event)
        if self.state is State.RELOADING:
            self._aside.append(event)
        return Receipt.DELIVER

    def kept_seq(self, version: int) -> int | None:
        """Where `version` stands in the stream, among the events put aside."""
        for event in self._aside:
            if event.version >= version:
                return event.seq if event.version == version else event.seq - 1
        return None

    def reset(self, first: Event | None = None) -> None:
        """Forget what is known, as if never opened; `first` is an event to keep aside."""
        self.state = State.OPENING
        self.version = self.reload_from = 0
        self.picture = None
        self.renditions.clear()
        self.ring.clear()
        self._aside = [] if first is None else [first]

    def open_private(self, seq: int) -> None:
        """Open a channel without state: `seq` is the feed's position, so nothing kept is newer."""
        self.ring.floor = seq
        self._aside = []
        self.state = State.OPEN

    def install(self, picture: Picture, floor: int, missing: list[Event]) -> None:
        """Open with `picture`; `floor` is the sequence of its version, `missing` what the stream
        had after it. Raises Hole where these and what was put aside are not dense."""
        kept, self._aside = self._aside, []
        self.ring.clear()
        self.ring.floor, self.ring.floor_version = floor, picture.version
        self.version = picture.version
        self.picture = picture
        self.renditions.clear()
        self.state = State.OPEN
        for event in (*missing, *kept):
            receipt = self.receive(event)
            if receipt is Receipt.HOLE:
                raise Hole(f"{self.name}: version {event.version} after {self.version}")

    def refresh(self, picture: Picture) -> None:
        """End of a reload: the sections of `picture`, and the events since its version on top.

        The version and the ring went on meanwhile, so clients notice nothing. Raises
        UnknownSection where `picture` is still too old.
        """
        for event in self._aside:
            if event.version > picture.version and isinstance(event.change, Transition):
                picture.apply(event.change)
        self._aside = []
        picture.version = self.version
        self.picture = picture
        self.renditions.clear()
        self.state = State.OPEN

    def changed_since(self, seq: int) -> set[str] | None:
        """The sections that changed after `seq`; None where that cannot be told any more."""
        if not self.ring.covers(seq):
            return None
        changed: set[str] = set()
        for event in self.ring.after(seq):
            if not isinstance(event.change, Transition):
                return None
            changed.add(event.change.section_id)
        return changed

    def _advance(self, event: Event) -> None:
        self.version = event.version
        self.ring.append(event)
        if isinstance(event.change, LayoutChange):
            self.state = State.RELOADING
            self.reload_from = event.version
            self._aside = []
        elif self.picture is not None and self.state is State.OPEN:
            self._apply(event)

    def _apply(self, event: Event) -> None:
        if self.picture is None or not isinstance(event.change, Transition):
            return
        try:
            self.picture.apply(event.change)
        except UnknownSection:
            # A section that came with a definition we have not seen: a fresh snapshot has it.
            self.state = State.RELOADING
            self.reload_from = event.version
            self._aside = []
