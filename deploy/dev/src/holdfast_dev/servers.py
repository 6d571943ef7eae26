"""The embedded servers as parts of the stack."""

from holdfast_dev.child import TAIL, ChildFailed
from holdfast_dev.nats import EmbeddedNats
from holdfast_dev.ports import PortTaken
from holdfast_dev.postgres import EmbeddedPostgres
from holdfast_dev.process import AlreadyRunning, StartFailed


class Server:
    """Postgres or NATS with a name, and with the failures of a child."""

    def __init__(self, name: str, server: EmbeddedPostgres | EmbeddedNats) -> None:
        self.name = name
        self._server = server

    @property
    def url(self) -> str:
        """The address for clients; known once started."""
        return self._server.url

    @property
    def lines(self) -> list[str]:
        """The last lines of its log."""
        try:
            return self._server.log.read_text(errors="replace").splitlines()[-TAIL:]
        except OSError:
            return []

    async def start(self) -> None:
        """Starts it, until clients are answered; raises ChildFailed."""
        try:
            await self._server.start()
        except StartFailed as error:
            raise ChildFailed(self.name, f"did not start: {error.reason}", self.lines) from error
        except (AlreadyRunning, PortTaken) as error:
            raise ChildFailed(self.name, f"did not start: {error}", []) from error

    async def wait(self) -> int:
        """Waits for its end."""
        return await self._server.wait()

    async def stop(self) -> None:
        """Shuts it down in order."""
        await self._server.stop()
