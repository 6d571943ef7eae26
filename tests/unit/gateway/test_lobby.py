"""The lobby: who owes a request, who is idle, and who goes when there are too many."""

from __future__ import annotations

from stream_gateway.lobby import Lobby


class Guest:
    def __init__(self) -> None:
        self.gone = False

    def give_up(self) -> None:
        self.gone = True


def test_the_idle_go_before_those_that_owe_and_the_oldest_first() -> None:
    lobby = Lobby(seconds=10, limit=3, interval=1)
    owing, idle, later = Guest(), Guest(), Guest()
    lobby.enter(owing)
    lobby.rest(idle)
    lobby.rest(later)
    assert len(lobby) == 3
    lobby.enter(Guest())
    assert (owing.gone, idle.gone, later.gone) == (False, True, False)
    lobby.enter(Guest())
    assert (owing.gone, later.gone) == (False, True)
    lobby.enter(Guest())
    assert owing.gone
    assert len(lobby) == 3


def test_the_idle_are_swept_only_once_they_stir() -> None:
    lobby = Lobby(seconds=0, limit=3, interval=1)
    guest = Guest()
    lobby.rest(guest)
    lobby.sweep()
    assert not guest.gone
    lobby.stir(guest)
    lobby.sweep()
    assert not guest.gone
    lobby.sweep()
    assert guest.gone
    assert len(lobby) == 0


def test_stirring_gives_nobody_more_time() -> None:
    lobby = Lobby(seconds=10, limit=3, interval=1)
    first, second = Guest(), Guest()
    lobby.enter(first)
    lobby.enter(second)
    lobby.stir(first)
    assert list(lobby._since) == [first, second]


def test_a_place_is_given_back() -> None:
    lobby = Lobby(seconds=10, limit=3, interval=1)
    guest = Guest()
    for come in (lobby.enter, lobby.rest):
        come(guest)
        lobby.leave(guest)
        lobby.leave(guest)
    lobby.stir(guest)
    assert len(lobby) == 0
