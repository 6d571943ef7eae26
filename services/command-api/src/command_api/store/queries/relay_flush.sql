-- A small commit of our own: once it is answered, the standby has flushed everything that was visible
-- to us before, so nothing that we publish then can vanish in a failover.
update holdfast.relay_state set last_seq = last_seq
