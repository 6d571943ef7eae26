"""The HTTP application: every path with its handlers.

app = create_app(Services(writer=…, reads=…, …))
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route

from command_api.http import (
    alternatives,
    audit,
    availability,
    blocks,
    booking_list,
    booking_moves,
    bookings,
    calendar,
    clubs,
    conflicts,
    customers,
    holds,
    imports,
    layouts,
    me,
    offers,
    payments,
    probes,
    reschedule,
    series,
    stats,
    venues,
    waitlist,
)
from command_api.http.call import Services
from command_api.http.openapi.document import read_document
from command_api.http.paths import CLUB, VENUE
from command_api.http.resource import Handler, Observe, Resource, not_found

EXPOSED = ("ETag", "Location", "Retry-After", "Idempotent-Replayed", "X-Request-Id")
ALLOWED = (
    "Authorization",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Request-Id",
    "traceparent",
)
PREFLIGHT_SECONDS = 7200

RESOURCES: dict[str, dict[str, Handler]] = {
    VENUE + "/holds": {"POST": holds.make_hold, "GET": holds.list_holds},
    VENUE + "/holds/{id}": {
        "GET": holds.read_hold,
        "PATCH": holds.change_hold,
        "DELETE": holds.release_hold,
    },
    VENUE + "/holds/{id}/confirm": {"POST": holds.confirm_hold},
    VENUE + "/holds/{id}/extend": {"POST": holds.extend_hold},
    VENUE + "/availability": {"GET": availability.read_availability},
    VENUE + "/alternatives": {"GET": alternatives.read_alternatives},
    VENUE + "/bookings": {
        "GET": booking_list.list_bookings,
        "POST": bookings.request_booking,
    },
    VENUE + "/bookings/{id}": {"GET": bookings.read_booking, "PATCH": bookings.edit_booking},
    VENUE + "/bookings/{id}/cancel": {"POST": booking_moves.cancel_booking},
    VENUE + "/bookings/{id}/approve": {"POST": booking_moves.approve},
    VENUE + "/bookings/{id}/decline": {"POST": booking_moves.decline},
    VENUE + "/bookings/{id}/check-in": {"POST": booking_moves.check_in},
    VENUE + "/bookings/{id}/complete": {"POST": booking_moves.complete},
    VENUE + "/bookings/{id}/no-show": {"POST": booking_moves.no_show},
    VENUE + "/bookings/{id}/reschedule": {"POST": reschedule.reschedule_booking},
    VENUE + "/booking-series": {"POST": series.book_series},
    VENUE + "/booking-series/{id}": {"GET": series.read_series},
    VENUE + "/booking-series/{id}/cancel": {"POST": series.cancel_series},
    VENUE + "/blocks": {"POST": blocks.make_block, "GET": blocks.list_blocks},
    VENUE + "/blocks/{id}": {"GET": blocks.read_block, "DELETE": blocks.remove_block},
    VENUE + "/waitlist": {"POST": waitlist.join_waitlist, "GET": waitlist.list_waitlist},
    VENUE + "/waitlist/{id}": {"GET": waitlist.read_entry, "DELETE": waitlist.leave_waitlist},
    VENUE + "/offers/{id}/accept": {"POST": offers.accept_offer},
    VENUE + "/offers/{id}/decline": {"POST": offers.decline_offer},
    VENUE + "/imports": {"POST": imports.import_bookings},
    VENUE + "/conflicts": {"GET": conflicts.list_conflicts},
    VENUE + "/conflicts/{id}": {"GET": conflicts.read_conflict},
    VENUE + "/conflicts/{id}/resolve": {"POST": conflicts.resolve_conflict},
    VENUE + "/payments/events": {"POST": payments.take_event},
    VENUE + "/calendar": {"GET": calendar.read_calendar},
    VENUE + "/stats": {"GET": stats.read_stats},
    VENUE + "/audit": {"GET": audit.read_audit},
    VENUE + "/layouts/{layout_version}": {"GET": layouts.read_layout},
    VENUE + "/layout": {"GET": layouts.read_viewport},
    VENUE: {"PUT": venues.put_venue, "GET": venues.read_venue},
    CLUB + "/me": {"GET": me.read_me},
    CLUB + "/guest-sessions": {"POST": customers.make_guest_session},
    CLUB + "/customers/{id}/personal-data": {"DELETE": customers.erase_personal_data},
    CLUB + "/venues": {"GET": clubs.list_venues},
    CLUB: {"PUT": clubs.put_club, "GET": clubs.read_club},
    "/v1/clubs": {"GET": clubs.list_clubs},
    "/openapi.json": {"GET": read_document},
    "/livez": {"GET": probes.livez},
    "/readyz": {"GET": probes.readyz},
}
"""In the order that paths are tried: the hot ones first."""


def create_app(
    services: Services, *, cors_origins: Sequence[str] = (), observe: Observe | None = None
) -> Starlette:
    """`observe` is told of each request."""
    routes: list[BaseRoute] = [
        Route(path, Resource(path, handlers, services, observe))
        for path, handlers in RESOURCES.items()
    ]
    app = Starlette(routes=routes, middleware=_middleware(cors_origins))
    app.router.redirect_slashes = False
    app.router.default = not_found
    return app


def _middleware(cors_origins: Sequence[str]) -> list[Middleware]:
    """Exact origins only. Credentials, because a cookie may stand for the token on GET."""
    if not cors_origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=list(ALLOWED),
            allow_credentials=True,
            expose_headers=list(EXPOSED),
            max_age=PREFLIGHT_SECONDS,
        )
    ]
