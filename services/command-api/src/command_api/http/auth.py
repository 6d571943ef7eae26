"""Who is asking, and whether they may. Bearer token, or for GET the cookie `holdfast_token`.

The tenant comes from the path; a token that is not at home there finds nothing (404).
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie

from command_api.domain.commands import Asker
from command_api.domain.model import Venue
from command_api.http.call import Call
from command_api.http.problems import Refused
from holdfast.contracts.ids import is_id
from holdfast.contracts.problems import Code
from holdfast.contracts.snapshots import Actor
from holdfast.contracts.states import STAFF_ROLES, ActorType, Audience, Role
from holdfast.runtime.auth import Principal

COOKIE = "holdfast_token"
DEFINERS = frozenset({Role.ADMIN, Role.MANAGER})
"""May write venue definitions."""
MANAGERS = frozenset({Role.ADMIN, Role.MANAGER, Role.SERVICE})
"""May approve, and force."""
BLOCKERS = frozenset({Role.ADMIN, Role.MANAGER, Role.SERVICE, Role.STAFF})
"""May block sections; a kiosk stands among guests, and may not."""

_BEARER = "bearer "


def find_principal(call: Call) -> Principal | None:
    """None: anonymous. Raises InvalidToken, also where a token was not needed: whoever sends one
    wants to know that it no longer works."""
    given = call.header(b"authorization")
    if given is not None:
        if given[:7].lower() != _BEARER:
            raise Refused(
                Code.UNAUTHENTICATED, "Authorization must be a bearer token.", headers=_CHALLENGE
            )
        return call.services.verifier.verify(given[7:].strip())
    if call.method in ("GET", "HEAD") and (token := _cookie(call)):
        return call.services.verifier.verify(token)
    return None


def principal_of(call: Call) -> Principal:
    """Raises Refused where nobody says who they are."""
    principal = find_principal(call)
    if principal is None:
        raise Refused(Code.UNAUTHENTICATED, "This needs a token.", headers=_CHALLENGE)
    return principal


def at_home(call: Call) -> tuple[Principal, str]:
    """The asker, and the club of the path that they belong to."""
    principal = principal_of(call)
    club = call.params["club"]
    if not (is_id(club) and principal.belongs_to(club)):
        raise club_not_found()
    return principal, club


def in_role(call: Call, roles: frozenset[Role]) -> tuple[Principal, str]:
    """As `at_home`, for some roles only."""
    principal, club = at_home(call)
    if principal.role not in roles:
        raise not_permitted(roles)
    return principal, club


def platform_admin(call: Call) -> Principal:
    """An admin of no club in particular."""
    principal = principal_of(call)
    if principal.role is not Role.ADMIN or principal.club is not None:
        raise Refused(Code.ACTION_NOT_PERMITTED, "Only the platform's admins may do this.")
    return principal


async def readable_venue(call: Call) -> tuple[Venue, Audience]:
    """The venue of the path as it is now, and which form the asker reads. Anonymous askers read
    where the policy lets everybody."""
    principal = find_principal(call)
    club = call.params["club"]
    if not is_id(club) or (principal is not None and not principal.belongs_to(club)):
        raise club_not_found()
    venue = await call.services.reads.venue(club, venue_of(call))
    if venue is None:
        raise venue_not_found()
    if principal is None and not venue.policy.public_read:
        raise Refused(Code.UNAUTHENTICATED, "This venue is not public.", headers=_CHALLENGE)
    return venue, Audience.PUBLIC if principal is None else principal.audience(club)


def venue_of(call: Call) -> str:
    venue = call.params["venue"]
    if not is_id(venue):
        raise venue_not_found()
    return venue


def asker_of(principal: Principal) -> Asker:
    """The asker as the rules see them. A customer's name stays out of events."""
    role, is_staff = principal.role, principal.role in STAFF_ROLES
    actor = Actor(
        type=_ACTORS[role],
        id=principal.customer_id,
        name=principal.name if is_staff else None,
    )
    return Asker(
        actor,
        None if is_staff else principal.customer_id,
        is_staff,
        role in MANAGERS,
        principal.tier,
        principal.is_guest,
    )


def for_whom(principal: Principal, customer_id: str | None) -> str | None:
    """Who a hold or a booking is for, where `customer_id` is asked for: customers take for themselves,
    staff for whom they name or for nobody in particular, kiosks for nobody."""
    if principal.role in STAFF_ROLES and (principal.role is not Role.KIOSK or customer_id is None):
        return customer_id
    if customer_id not in (None, principal.customer_id):
        raise Refused(
            Code.ACTION_NOT_PERMITTED, "Only staff and services may do this for another customer."
        )
    return principal.customer_id


def club_not_found() -> Refused:
    return Refused(Code.CLUB_NOT_FOUND, "There is no such club.")


def venue_not_found() -> Refused:
    return Refused(Code.VENUE_NOT_FOUND, "There is no such venue.")


def not_permitted(roles: frozenset[Role]) -> Refused:
    names = ", ".join(sorted(role.value for role in roles))
    return Refused(Code.ACTION_NOT_PERMITTED, f"This is for {names} only.")


def _cookie(call: Call) -> str | None:
    header = call.header(b"cookie")
    if header is None:
        return None
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value


_CHALLENGE = ((b"www-authenticate", b"Bearer"),)
_ACTORS = {role: ActorType(role.value) for role in Role}
