-- How far the stream was acknowledged; about current, upwards only, and not flushed: a value that is too
-- low hides nothing but the newest loss. $1 epoch, $2 seq
update holdfast.relay_state set last_seq = $2
where epoch = $1 and last_seq < $2 and set_config('synchronous_commit', 'off', true) is not null
