"""Development tokens, signed with the stack's own secret."""

from holdfast.contracts.ids import is_id
from holdfast.contracts.states import Role
from holdfast.runtime.auth import MAX_SUBJECT, issue_token
from holdfast_dev.config import Config, jwt_secret, load_config


class TokenRefused(ValueError):
    """Such a token would not be accepted; the message says what to say instead."""


def token(role: str, club: str | None, subject: str) -> str:
    """A token for `subject`; raises TokenRefused, ConfigError."""
    try:
        known = Role(role)
    except ValueError:
        roles = ", ".join(each.value for each in Role)
        raise TokenRefused(f"ROLE={role} is unknown; it is one of {roles}") from None
    if club is None and known not in (Role.CUSTOMER, Role.ADMIN):
        raise TokenRefused(f"ROLE={known} belongs to a club: say CLUB=backroom or the like")
    if club is not None and not is_id(club):
        raise TokenRefused(f"CLUB={club} is not an id (letters, digits, _ and -; 1 to 64)")
    if not 0 < len(subject) <= MAX_SUBJECT:
        raise TokenRefused(f"SUB must have 1 to {MAX_SUBJECT} characters")
    return issue_token(jwt_secret(load_config(Config)), role=known, subject=subject, club=club)
