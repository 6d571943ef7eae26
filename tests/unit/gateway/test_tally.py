"""The tally of presence: sums over gateways that come, go, and lose reports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.contracts.presence import PresenceReport
from stream_gateway.tally import SILENT_SECONDS, Tally


def report(number: int, viewers: dict[str, int], *, name: str = "a", whole: bool = False) -> object:
    return PresenceReport(gateway=name, number=number, whole=whole, asks=False, viewers=viewers)


def take(tally: Tally, made: object, now: float = 0.0) -> bool:
    assert isinstance(made, PresenceReport)
    return tally.take(made, now)


def test_changes_add_up_over_gateways() -> None:
    tally = Tally()
    assert take(tally, report(1, {"x": 2, "y": 1}, whole=True))
    assert take(tally, report(1, {"x": 5}, name="b", whole=True))
    assert take(tally, report(2, {"x": 1}))
    assert (tally.elsewhere("x"), tally.elsewhere("y"), tally.elsewhere("z")) == (6, 1, 0)


def test_a_lost_report_shows_and_a_whole_one_mends_it() -> None:
    tally = Tally()
    take(tally, report(1, {"x": 2, "y": 1}, whole=True))
    assert not take(tally, report(3, {"x": 3}))
    assert take(tally, report(4, {"x": 3}, whole=True))
    assert (tally.elsewhere("x"), tally.elsewhere("y")) == (3, 0)


def test_a_gateway_that_is_new_must_be_asked() -> None:
    assert not take(Tally(), report(7, {"x": 2}))


def test_a_silent_gateway_is_forgotten() -> None:
    tally = Tally()
    take(tally, report(1, {"x": 2}, whole=True), 0.0)
    take(tally, report(1, {"x": 4}, name="b", whole=True), 10.0)
    tally.expire(SILENT_SECONDS + 1)
    assert tally.elsewhere("x") == 4


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3))))
def test_sums_are_the_sums(changes: list[tuple[str, str, int]]) -> None:
    tally = Tally()
    truth: dict[tuple[str, str], int] = {}
    for number, (name, channel, viewers) in enumerate(changes):
        take(tally, report(number, {channel: viewers}, name=name))
        truth[name, channel] = viewers
    for channel in "xy":
        expected = sum(number for (_, at), number in truth.items() if at == channel)
        assert tally.elsewhere(channel) == expected
    tally.expire(10 * SILENT_SECONDS)
    assert (tally._sums, tally._others) == ({}, {})
