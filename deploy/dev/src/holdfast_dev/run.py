"""`make run`: the stack from its first breath to the exit status."""

import asyncio
import signal

import httpx

from holdfast_dev.addresses import free_ports, who_listens
from holdfast_dev.banner import READY
from holdfast_dev.child import ChildFailed
from holdfast_dev.config import Config, jwt_secret, load_config, load_counts
from holdfast_dev.console import Console
from holdfast_dev.demo import DemoFailed
from holdfast_dev.folder import DataFolder, FolderTaken
from holdfast_dev.parent import make_is_ending
from holdfast_dev.ports import PortTaken
from holdfast_dev.stack import Stack


async def run() -> int:
    """Runs the stack until a signal (0), or until something fails for good (1).

    Raises ConfigError.
    """
    console = Console()
    config, counts = load_config(Config), load_counts()
    try:
        with DataFolder(config.folder) as folder:
            stack = Stack(config, counts, jwt_secret(config), folder, console)
            return await _until_signal(stack, console)
    except FolderTaken as taken:
        console.warn(f"holdfast: {_who_is_here(taken)}")
        console.warn(_beside(config, other_folder=True))
    except PortTaken as taken:
        owner = who_listens(taken.port) or "another process"
        console.warn(f"holdfast: port {taken.port} is taken by {owner}")
        console.warn(_beside(config, other_folder=False))
    except ChildFailed as failure:
        console.warn("\n".join([f"holdfast: {failure}", *failure.lines]))
    except (DemoFailed, httpx.HTTPError) as failure:
        console.warn(f"holdfast: the demo data did not go in: {failure!r}")
    except OSError as failure:
        console.warn(f"holdfast: {failure}")
    return 1


async def _until_signal(stack: Stack, console: Console) -> int:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup the end of the terminal is not meant to end us.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, asked.set)
    work = asyncio.create_task(_start_and_keep(stack, console))
    stoppers = {asyncio.create_task(asked.wait()), asyncio.create_task(make_is_ending())}
    await asyncio.wait({work, *stoppers}, return_when=asyncio.FIRST_COMPLETED)
    failed = work.done()
    for task in (work, *stoppers):
        task.cancel()
    [outcome, *_] = await asyncio.gather(work, *stoppers, return_exceptions=True)
    console.say("stopping")
    await stack.stop()
    console.say("stopped")
    if failed and isinstance(outcome, BaseException):
        raise outcome
    return 0


async def _start_and_keep(stack: Stack, console: Console) -> None:
    console.say(await stack.start())
    console.say(READY)
    await stack.keep()


def _who_is_here(taken: FolderTaken) -> str:
    resident = taken.resident
    if resident is None:
        return f"another stack already runs on {taken.folder}"
    who = f"process {resident.pid} already runs on {taken.folder}"
    if not resident.command_api_port:
        return who
    return f"{who}, ports {resident.command_api_port} and {resident.stream_gateway_port}"


def _beside(config: Config, *, other_folder: bool) -> str:
    """How to start one more stack beside the one that is in the way."""
    start = max(config.command_api_port, config.stream_gateway_port, 1024) + 1
    command_api, gateway = free_ports(2, start)
    folder = f"HOLDFAST_DATA_DIR={config.data_dir}2 " if other_folder else ""
    return (
        "To run one more beside it:\n"
        f"  {folder}HOLDFAST_COMMAND_API_PORT={command_api}"
        f" HOLDFAST_STREAM_GATEWAY_PORT={gateway} make run"
    )
