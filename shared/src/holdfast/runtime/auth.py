"""Tokens: JWT bearer (HS256), who they name, and what the name may do.

Claims: `iss`, `aud`, `sub`, `exp`, `role`, optional `club`, `name`, `tier`, `guest`. RFC 7519; RFC 6750.
"""

from __future__ import annotations

import base64
import hashlib
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable

import jwt
import msgspec

from holdfast.contracts.ids import is_id
from holdfast.contracts.states import STAFF_ROLES, Audience, Role, audience_of

ISSUER = AUDIENCE = "holdfast"
MAX_TOKEN = 4096
MAX_SUBJECT = 255


class InvalidToken(Exception):
    """The token cannot be used; `args[0]` says why in words for the caller."""


class ExpiredToken(InvalidToken):
    """It was good once."""


class Principal(msgspec.Struct, frozen=True):
    """Who is asking. `expires_at`: seconds since the Unix epoch."""

    subject: str
    role: Role
    club: str | None
    name: str | None
    tier: str | None
    expires_at: int
    customer_id: str
    is_guest: bool = False
    """A customer without an account: claim `guest`, set by guest sessions."""

    def audience(self, club: str) -> Audience:
        """Which form this principal reads in `club`."""
        return audience_of(self.role) if self.belongs_to(club) else Audience.PUBLIC

    def belongs_to(self, club: str) -> bool:
        """Whether the token may be used in `club` at all (else: 404, as if it were not there).

        Customers and platform admins need no club; whoever has one must be at home there.
        """
        if self.club is None:
            return self.role in (Role.CUSTOMER, Role.ADMIN)
        return self.club == club

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF_ROLES


def customer_id_of(subject: str) -> str:
    """`sub` where it fits the id pattern, else `c_` + base64url of its SHA-256."""
    if is_id(subject):
        return subject
    digest = hashlib.sha256(subject.encode()).digest()
    return "c_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def issue_token(  # noqa: PLR0913 - one argument a claim
    secret: str,
    *,
    role: Role,
    subject: str,
    club: str | None = None,
    name: str | None = None,
    tier: str | None = None,
    guest: bool = False,
    ttl: int = 12 * 3600,
    now: Callable[[], float] = time.time,
) -> str:
    """A signed token good for `ttl` seconds. For development, guests and tests."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "role": role.value,
        "iat": int(now()),
        "exp": int(now()) + ttl,
    }
    claims.update(
        {k: v for k, v in (("club", club), ("name", name), ("tier", tier)) if v is not None}
    )
    if guest:
        claims["guest"] = True
    return jwt.encode(claims, secret, algorithm="HS256")


class TokenVerifier:
    """Verifies tokens; remembers the last `size` good ones, since a signature costs more than
    the rest of a small request."""

    def __init__(
        self, secret: str, *, size: int = 10_000, now: Callable[[], float] = time.time
    ) -> None:
        if len(secret.encode()) < 32:
            raise ValueError("the JWT secret must have at least 32 bytes (RFC 7518 §3.2)")
        self._secret = secret
        self._size = size
        self._now = now
        self._known: OrderedDict[str, Principal] = OrderedDict()

    def verify(self, token: str) -> Principal:
        """Raises InvalidToken."""
        known = self._known.get(token)
        if known is not None:
            if known.expires_at > self._now():
                return known
            del self._known[token]
            raise ExpiredToken("the token has expired")
        principal = self._decode(token)
        self._known[token] = principal
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return principal

    def _decode(self, token: str) -> Principal:
        if len(token) > MAX_TOKEN:
            raise InvalidToken("the token is too long")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise ExpiredToken("the token has expired") from None
        except (jwt.InvalidTokenError, OverflowError) as error:
            raise InvalidToken(f"the token is not valid: {error}") from None
        return _principal(claims)


def _principal(claims: dict[str, object]) -> Principal:
    subject, club, exp = claims["sub"], claims.get("club"), claims["exp"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT:
        raise InvalidToken(f"`sub` must have 1 to {MAX_SUBJECT} characters")
    if not _is_text(subject):
        raise InvalidToken("`sub` must not have control characters")
    try:
        role = Role(str(claims.get("role")))
    except ValueError:
        raise InvalidToken("`role` is missing or unknown") from None
    if club is not None and not (isinstance(club, str) and is_id(club)):
        raise InvalidToken("`club` is not an id")
    if club is None and role not in (Role.CUSTOMER, Role.ADMIN):
        raise InvalidToken(f"a token with role `{role}` needs a `club`")
    name, tier = claims.get("name"), claims.get("tier")
    return Principal(
        subject=subject,
        role=role,
        club=club,
        name=name[:200] if isinstance(name, str) and _is_text(name) else None,
        tier=tier[:32] if isinstance(tier, str) and _is_text(tier) else None,
        expires_at=int(exp) if isinstance(exp, int | float) else 0,
        customer_id=customer_id_of(subject),
        is_guest=claims.get("guest") is True,
    )


def _is_text(value: str) -> bool:
    """Whether it can be stored and sent: NUL is no text for Postgres, half a surrogate pair none for
    UTF-8, though JSON can say both."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in value)
