"""Rules of the machine: two or three commands at once that meet, which single steps seldom do."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.unit.domain.build import MANAGER, STAFF, customer
from tests.unit.domain.machine.acting import NAMES, channels, parties
from tests.unit.domain.machine.acting_as_others import AsOthers
from tests.unit.domain.machine.acting_on_bookings import OnBookings
from tests.unit.domain.machine.acting_on_holds import OnHolds
from tests.unit.domain.machine.house import SECTIONS

from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.states import OnConflict

_ONE = ("s", "u", "t-2", "p", "m")


class Scenes(OnHolds, OnBookings, AsOthers):
    @rule(
        key=channels,
        names=st.permutations(NAMES),
        sizes=st.tuples(st.integers(1, 3), st.integers(1, 3)),
        leaves=st.integers(0, 4),
    )
    def somebody_leaves_a_full_house(
        self, key: ChannelKey, names: list[str], sizes: tuple[int, int], leaves: int
    ) -> None:
        """Two wait; the first booking of the night goes."""
        self.fill(key, names[0], "nothing")
        for name, size in zip(names[1:], sizes, strict=True):
            self.runner.pass_time(1)
            self.join(key, customer(name), size, [], 0)
        self.cancel(8 * leaves)

    @rule(
        key=channels,
        section=st.sampled_from(("p", "m", "s")),
        way=st.sampled_from([OnConflict.AFTER_RELEASE, OnConflict.DISPLACE]),
    )
    def a_request_meets_a_block(self, key: ChannelKey, section: str, way: OnConflict) -> None:
        self.book(key, customer("ann"), [section], "ann", {})
        self.block(key, MANAGER, [section], way)
        self.move(0, MANAGER, "approve")

    @rule(
        key=channels,
        section=st.sampled_from(_ONE),
        party=parties,
        paid=st.booleans(),
        vip=st.booleans(),
        pick=st.integers(0, 11),
    )
    def two_systems_sell_the_same(
        self, key: ChannelKey, section: str, party: int | None, paid: bool, vip: bool, pick: int
    ) -> None:
        """The one here may be paid for; by rule."""
        self.book(key, STAFF, [section], NAMES[pick % 3], {}, party_size=party)
        self.pay(1, 50, False, "tx1", "GBP" if pick % 2 else "EUR")
        self.import_(key, [section], 4 if section == "p" else 1, paid, vip, pick)
        self.resolve(0, 0)

    @rule(key=channels, to=channels, section=st.sampled_from(SECTIONS[1:]), by=st.booleans())
    def a_booking_moves_at_its_limit(
        self, key: ChannelKey, to: ChannelKey, section: str, by: bool
    ) -> None:
        who = customer("cat") if by else STAFF
        self.book(key, who, [section], "cat", {})
        self.reschedule(0, to, None, stay=False)
