"""Every command of the booking domain in any order, by anybody, at any time, against the plain model."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from tests.unit.domain.machine.acting import (
    channels,
    picks,
)
from tests.unit.domain.machine.coming_upon import ComingUpon
from tests.unit.domain.machine.runner import Runner

from command_api.domain import commands as c
from holdfast.contracts.channels import ChannelKey
from holdfast.contracts.venues import Deposit, Policy

policies = st.builds(
    Policy,
    hold_ttl_seconds=st.sampled_from([120, 300]),
    max_hold_seconds=st.sampled_from([400, 1800]),
    rehold_after_seconds=st.sampled_from([0, 60, 300]),
    max_sections_per_hold=st.sampled_from([4, 50]),
    max_tables_per_customer_per_date=st.sampled_from([None, None, 2]),
    max_active_holds_per_customer=st.sampled_from([None, None, 2]),
    requires_approval=st.booleans(),
    approval_ttl_seconds=st.sampled_from([120, 7200]),
    deposit=st.sampled_from([None, None, Deposit(type="fixed", amount=50)]),
    min_lead_minutes=st.sampled_from([0, 30]),
    cancel_until_minutes=st.sampled_from([0, 60]),
    waitlist_offer_ttl_seconds=st.just(90),
    guest_checkout=st.booleans(),
)


class BookingMachine(ComingUpon):
    """The clock, the venue's definition and the leader; the rest is inherited."""

    @initialize(policy=policies)
    def begin(self, policy: Policy) -> None:
        self.runner = Runner(policy)

    @rule(seconds=st.sampled_from([61, 100, 301, 301, 301, 1800, 1800, 7200]))
    def time_passes(self, seconds: int) -> None:
        self.runner.pass_time(seconds)

    @rule(seconds=st.sampled_from([1, 30, 90]))
    def a_moment_passes(self, seconds: int) -> None:
        self.runner.pass_time(seconds)

    @rule(units=st.integers(1, 6), price=st.sampled_from([30, 45]))
    def the_pool_is_made_larger_or_smaller(self, units: int, price: int) -> None:
        model = self.runner.model
        model.capacity = {**model.capacity, "p": units}
        model.prices = {**model.prices, "p": price, "s": price * 10}
        self.runner.redefine()

    @rule(night=channels, close=st.sampled_from([False, False, True]))
    def a_night_is_closed_or_opened(self, night: ChannelKey, close: bool) -> None:
        model = self.runner.model
        if close or model.closed:
            model.closed = frozenset({night}) if close else frozenset()
            self.runner.redefine()

    @rule(key=channels, pick=picks)
    def the_leader_does_its_rounds(self, key: ChannelKey, pick: int) -> None:
        ids = tuple(self.runner.world.channels[key].records)
        if pick % 3:
            self.run(c.ExpireRecords(channel=key, record_ids=(*ids, "nobody")))
        else:
            self.run(c.WarnExpiring(channel=key, record_ids=ids))
            self.run(c.ServeWaitlist(channel=key))
