"""command-api: the only writer of holds, bookings and blocks."""
