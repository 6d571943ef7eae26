"""Bookings from request to the door, on other dates and in series; the people behind them."""
