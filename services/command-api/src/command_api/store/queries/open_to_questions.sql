-- The tenant that this session may read, and no plan that was made for other questions. $1 clubs
select set_config('holdfast.clubs', $1::text[]::text, false), set_config('plan_cache_mode', 'force_custom_plan', false)
