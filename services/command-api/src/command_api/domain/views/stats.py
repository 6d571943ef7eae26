"""Statistics: seats of several nights added up, by date and by category. What is counted is said at
`contracts.queries.Stats`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct

from command_api.domain.venue.calendar import Night
from holdfast.contracts.queries import CategoryStats, DayStats, Stats


class SeatsTaken(NamedTuple):
    """Units of one night and category."""

    date: str
    slot_id: str
    category: str
    booked: int
    held: int
    blocked: int


class Taking(NamedTuple):
    """Minor units that the bookings of one date and category take in."""

    date: str
    category: str
    currency: str
    amount: int


class Sum(Struct):
    """Units, and minor units of the venue's currency."""

    total: int = 0
    booked: int = 0
    held: int = 0
    blocked: int = 0
    revenue: int = 0

    @property
    def available(self) -> int:
        return self.total - self.booked - self.held - self.blocked

    def add(self, other: Sum) -> None:
        self.total += other.total
        self.booked += other.booked
        self.held += other.held
        self.blocked += other.blocked
        self.revenue += other.revenue


class Sums:
    """Adds up nights, each category of each date by itself."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._sums: dict[tuple[str, str], Sum] = {}
        self._other: Counter[str] = Counter()

    def add_nights(
        self,
        nights: Iterable[Night],
        totals: Mapping[str, Mapping[str, int]],
        taken: Iterable[SeatsTaken],
    ) -> None:
        """`totals`: units by slot id and category. A closed night has no more than what is taken of
        it; what was taken where no slot runs any more is nothing."""
        by_night: dict[tuple[str, str], list[SeatsTaken]] = {}
        for seats in taken:
            by_night.setdefault((seats.date, seats.slot_id), []).append(seats)
        for night in nights:
            if not night.closed:
                for category, units in totals[night.slot_id].items():
                    self._at(night.date, category).total += units
            for seats in by_night.get((night.date, night.slot_id), ()):
                here = Sum(booked=seats.booked, held=seats.held)
                if night.closed:
                    here.total = seats.booked + seats.held
                else:
                    here.blocked = seats.blocked
                self._at(seats.date, seats.category).add(here)

    def add_takings(self, takings: Iterable[Taking]) -> None:
        for taking in takings:
            if taking.currency == self._currency:
                self._at(taking.date, taking.category).revenue += taking.amount
            else:
                self._other[taking.currency] += taking.amount

    def stats(self, dates: Iterable[str]) -> Stats:
        """`dates`: those to list one by one."""
        everything = Sum()
        by_date: defaultdict[str, Sum] = defaultdict(Sum)
        by_category: defaultdict[str, Sum] = defaultdict(Sum)
        for (date, category), here in sorted(self._sums.items()):
            for sums in (everything, by_date[date], by_category[category]):
                sums.add(here)
        return Stats(
            total_seats=everything.total,
            booked_seats=everything.booked,
            held_seats=everything.held,
            available_seats=everything.available,
            blocked_seats=everything.blocked,
            revenue=everything.revenue,
            currency=self._currency,
            other_revenue=dict(sorted(self._other.items())),
            category_breakdown={name: _category(sums) for name, sums in by_category.items()},
            days=[_day(date, by_date[date]) for date in dates],
        )

    def _at(self, date: str, category: str) -> Sum:
        return self._sums.setdefault((date, category), Sum())


def _category(sums: Sum) -> CategoryStats:
    return CategoryStats(
        total=sums.total,
        booked=sums.booked,
        held=sums.held,
        revenue=sums.revenue,
        available=sums.available,
        blocked=sums.blocked,
    )


def _day(date: str, sums: Sum) -> DayStats:
    return DayStats(
        date=date,
        total_seats=sums.total,
        booked_seats=sums.booked,
        held_seats=sums.held,
        available_seats=sums.available,
        blocked_seats=sums.blocked,
        revenue=sums.revenue,
    )
