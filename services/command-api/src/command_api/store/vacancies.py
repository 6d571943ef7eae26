"""What is free on several channels, as far as hints need to know it: counted in SQL, no claim is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from command_api.domain.holds.vacancy import Vacancy
from command_api.domain.model import Unit, Venue
from command_api.store.heads import channel_head
from command_api.store.pool import tenant
from command_api.store.sql import query
from holdfast.contracts.channels import ChannelKey

if TYPE_CHECKING:
    from command_api.store.pool import Pool


class Vacancies:
    """`pool` is of the writer's role."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def of(
        self, venue: Venue, keys: Iterable[ChannelKey], now_ms: int
    ) -> dict[ChannelKey, Vacancy]:
        """By key, of channels of one venue; one on which nothing happened is all free."""
        heads = {channel_head(key): key for key in keys}
        async with tenant(self._pool, [venue.club]) as connection:
            rows = await connection.fetch(
                query("taken_of_channels"), venue.club, list(heads), now_ms
            )
        vacancies = {key: _vacancy(venue, set(), {}) for key in heads.values()}
        for row in rows:
            gone = set((row["gone"] or "").split())
            units = dict(zip(row["sections"] or (), row["units"] or (), strict=True))
            vacancies[heads[row["head"]]] = _vacancy(venue, gone, units)
        return vacancies


def _vacancy(venue: Venue, gone: set[str], units: dict[str, int]) -> Vacancy:
    def left(unit: Unit) -> int:
        section_id = unit.section.section_id
        return 0 if section_id in gone else max(0, unit.total - units.get(section_id, 0))

    taken = gone | {id_ for id_ in units if (u := venue.units.get(id_)) is None or left(u) == 0}
    return Vacancy(taken, left)
