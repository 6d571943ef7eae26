from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.domain.walk import POLICIES, Walk, ended_bookings

from holdfast.contracts.venues import Policy

WALKS, STEPS = 5, 5_000
"""For each policy: 100,000 commands in all. A walk ends with its night."""


@pytest.mark.parametrize("policy", range(len(POLICIES)))
def test_a_hundred_thousand_commands_break_nothing(policy: int) -> None:
    for seed in range(WALKS):
        walk = Walk(POLICIES[policy], random.Random(f"{policy}.{seed}"))
        for number in range(STEPS):
            walk.step()
            if number % 250 == 0:
                walk.check_all()
        walk.check_all()
        assert walk.floor.state.version > STEPS / 3
        assert ended_bookings(walk) > 50


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    chance=st.randoms(use_true_random=False),
    steps=st.integers(1, 60),
    policy=st.builds(
        Policy,
        max_tables_per_customer_per_date=st.none() | st.integers(1, 4),
        max_active_holds_per_customer=st.none() | st.integers(1, 4),
        max_sections_per_hold=st.integers(1, 10),
        hold_ttl_seconds=st.integers(1, 500),
        max_ttl_seconds=st.integers(1, 900),
        max_hold_seconds=st.integers(1, 1000),
        requires_approval=st.booleans(),
        approval_ttl_seconds=st.integers(1, 300),
        orphan_seats=st.booleans(),
    ),
)
def test_whatever_the_policy(chance: random.Random, steps: int, policy: Policy) -> None:
    walk = Walk(policy, chance)
    for _ in range(steps):
        walk.step()
    walk.check_all()
