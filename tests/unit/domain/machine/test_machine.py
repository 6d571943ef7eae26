"""The booking domain against a plain model of it: a few seconds always, long with `make soak`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.unit.domain.machine.machine import BookingMachine

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def test_the_rules_do_what_a_plain_model_does() -> None:
    run_state_machine_as_test(
        BookingMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=50,
            derandomize=True,
            deadline=None,
            phases=[Phase.generate],  # shrinking takes minutes; `make soak` does it
            suppress_health_check=SLOW,
        ),
    )


@pytest.mark.soak
def test_the_rules_do_what_a_plain_model_does_for_long() -> None:
    run_state_machine_as_test(
        BookingMachine,
        settings=settings(
            max_examples=3000, stateful_step_count=80, deadline=None, suppress_health_check=SLOW
        ),
    )
