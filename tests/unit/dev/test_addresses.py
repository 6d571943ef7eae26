"""Ports: the wanted ones, the next free ones, and who has those that are taken."""

import asyncio
import os
import sys
from collections.abc import Iterator

import pytest

from holdfast_dev.addresses import Addresses, free_ports, who_listens
from holdfast_dev.config import Config, Counts
from holdfast_dev.ports import LOOPBACK, PortTaken, ReservedPort

ANY = Config(command_api_port=0, stream_gateway_port=0)


@pytest.fixture
def addresses() -> Iterator[Addresses]:
    made = Addresses()
    yield made
    made.release()


def free() -> int:
    port = ReservedPort()
    port.take()
    port.release()
    return port.number


async def test_takes_the_ports_that_are_asked_for(addresses: Addresses) -> None:
    config = Config(command_api_port=free(), stream_gateway_port=free())
    await addresses.take(config, Counts(), after_crash=False)
    assert addresses.command_apis == [config.command_api_port]
    assert addresses.gateways == [config.stream_gateway_port]


async def test_further_services_get_the_next_free_ports(addresses: Addresses) -> None:
    await addresses.take(ANY, Counts(command_apis=3, gateways=2), after_crash=False)
    firsts = (addresses.command_apis[0], addresses.gateways[0])
    others = [*addresses.command_apis[1:], *addresses.gateways[1:]]
    assert len(set(others)) == 3
    assert others == sorted(others)
    assert min(others) > max(firsts)


async def test_refuses_one_port_for_two_services(addresses: Addresses) -> None:
    port = free()
    config = Config(command_api_port=port, stream_gateway_port=port)
    with pytest.raises(PortTaken):
        await addresses.take(config, Counts(), after_crash=False)


async def test_refuses_a_taken_port_at_once_and_names_who_has_it(addresses: Addresses) -> None:
    listener = await asyncio.start_server(lambda *_: None, LOOPBACK, 0)
    port = listener.sockets[0].getsockname()[1]
    with pytest.raises(PortTaken) as refusal:
        await addresses.take(Config(command_api_port=port), Counts(), after_crash=False)
    assert refusal.value.port == port
    if sys.platform == "linux":
        assert f"process {os.getpid()} (" in (who_listens(port) or "")
    assert port not in free_ports(2, port)
    listener.close()
    await listener.wait_closed()
    assert who_listens(port) is None


async def test_waits_for_the_children_of_a_stack_that_crashed(addresses: Addresses) -> None:
    listener = await asyncio.start_server(lambda *_: None, LOOPBACK, 0)
    port = listener.sockets[0].getsockname()[1]
    config = Config(command_api_port=port, stream_gateway_port=0)
    taking = asyncio.create_task(addresses.take(config, Counts(), after_crash=True))
    await asyncio.sleep(0)
    assert not taking.done()
    listener.close()
    await taking
    assert addresses.command_apis == [port]
