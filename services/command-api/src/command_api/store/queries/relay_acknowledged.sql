-- How far the stream was acknowledged; about current, upwards only. $1 epoch, $2 seq
update holdfast.relay_state set last_seq = $2 where epoch = $1 and last_seq < $2
