"""The plan of a drain: when clients are closed, and when they come back."""

import pytest
from tests.support.flock import most_within

from stream_gateway.drain import SHORTEST_RETURN, SOONEST_RETRY, Plan


def returns(plan: Plan, late: float = 0.0) -> list[float]:
    """When each comes back, where the loop looks every 50 ms, and is `late` once in the middle."""
    moments, closed, elapsed = [], 0, 0.0
    while closed < plan.clients:
        due = plan.due(elapsed)
        moments += [elapsed + plan.retry(rank, elapsed) / 1000 for rank in range(closed, due)]
        closed = due
        elapsed += 0.05
        if late and elapsed > plan.window / 2:
            elapsed, late = elapsed + late, 0.0
    return moments


@pytest.mark.parametrize("window", [0.0, 0.2, 1.0, 2.0, 3.0, 10.0, 30.0])
@pytest.mark.parametrize("clients", [300, 5000])
@pytest.mark.parametrize("late", [0.0, 0.4])
def test_clients_come_back_at_an_even_rate(window: float, clients: int, late: float) -> None:
    moments = returns(Plan(clients, window), late)
    assert len(moments) == clients
    rate = clients / max(window, SHORTEST_RETURN)
    bucket = max(0.1, 50 / rate)
    assert most_within(moments, bucket) <= 1.5 * rate * bucket
    # Evenly over all the time that they take, too.
    assert rate <= 1.5 * clients / (max(moments) - min(moments))


@pytest.mark.parametrize("clients", [1, 3, 40])
def test_a_few_clients_have_the_whole_window(clients: int) -> None:
    plan = Plan(clients, 10.0)
    assert plan.due(0.0) == 0
    assert plan.due(9.99) == clients - 1
    assert plan.due(10.0) == clients


def test_nobody_comes_back_at_once_even_if_we_are_late() -> None:
    assert Plan(100, 10.0).retry(0, elapsed=9.0) == SOONEST_RETRY
