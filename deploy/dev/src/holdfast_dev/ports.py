"""A port of the loopback address, picked by the system and kept from others while it is ours."""

import socket
import sys

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """Somebody else listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} of {LOOPBACK} is taken")
        self.port = port


class ReservedPort:
    """Holds a port, `wanted` or a free one, by a socket that is bound and never listens.

    On Linux a server that sets SO_REUSEADDR (Postgres and NATS do) may listen on it meanwhile, and
    the kernel gives it to nobody else: so a killed server gets its port back. Elsewhere the
    reservation ends before the server starts, and the number is only likely to be still free.
    """

    def __init__(self, wanted: int | None = None) -> None:
        self._number = wanted or 0
        self._holder: socket.socket | None = None

    @property
    def number(self) -> int:
        """The port; raises RuntimeError before the first `take` when none was wanted."""
        if not self._number:
            raise RuntimeError("no port yet: not started")
        return self._number

    def take(self) -> None:
        """Reserves the port, the same one as before where there was one; raises PortTaken."""
        if self._holder is not None:
            return
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            holder.bind((LOOPBACK, self._number))
        except OSError as error:
            holder.close()
            raise PortTaken(self._number) from error
        self._number = holder.getsockname()[1]
        if sys.platform == "linux":
            self._holder = holder
        else:
            holder.close()

    def release(self) -> None:
        """Ends the reservation; the number is remembered."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None
