-- What a stored answer repeats of a customer's personal data is taken out of it when that is erased; the
-- answer itself stays, so that its idempotency key is not carried out twice.
grant update (reply) on holdfast.commands to holdfast_relay;
