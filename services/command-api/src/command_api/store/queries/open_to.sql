-- The tenants that this session may touch. $1 clubs
select set_config('holdfast.clubs', $1::text[]::text, false)
