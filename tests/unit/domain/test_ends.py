from __future__ import annotations

import random

from command_api.domain.draft.ends import ends_of, first_end, join
from holdfast.contracts.snapshots import Actor, Claim
from holdfast.contracts.states import ActorType, ClaimKind


def claim(claim_id: str, expires_at: str | None) -> Claim:
    return Claim(
        claim_id=claim_id,
        kind=ClaimKind.HOLD,
        quantity=1,
        customer_id=None,
        actor=Actor(type=ActorType.SYSTEM),
        since="",
        expires_at=expires_at,
        amount=None,
    )


def test_the_first_end_is_found_whatever_came_and_went() -> None:
    chance = random.Random(7)
    claims: dict[str, Claim] = {}
    ends = ends_of(claims.values())
    for number in range(5000):
        if claims and chance.random() < 0.45:
            del claims[chance.choice(list(claims))]
        else:
            # an id that is there already is an extension
            id_ = f"h{chance.randrange(60)}"
            claims[id_] = claim(id_, chance.choice((None, f"{chance.randrange(1000):04}")))
            join(ends, claims[id_])
        without = set(chance.sample(sorted(claims), min(len(claims), number % 3)))
        left = [c for c in claims.values() if c.claim_id not in without]
        expected = min((c.expires_at for c in left if c.expires_at is not None), default=None)
        found = first_end(ends, claims, without)
        assert (None if found is None else found.at) == expected
        assert len(ends) <= 2 * len(claims) + 65, "what is stale does not pile up"
