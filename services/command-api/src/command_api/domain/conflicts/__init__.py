"""Bookings made elsewhere, and who has to go where two want the same."""
