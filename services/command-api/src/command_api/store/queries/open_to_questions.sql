-- The tenant that this session may read, no plan that was made for other questions, and memory to count the
-- claims of a season without writing them to disk. $1 clubs
select set_config('holdfast.clubs', $1::text[]::text, false),
       set_config('plan_cache_mode', 'force_custom_plan', false), set_config('work_mem', '64MB', false)
