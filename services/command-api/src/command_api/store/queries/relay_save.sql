-- Note what was acknowledged, for as long as the epoch is the current one; answers whether it is.
-- The key-share lock on the state makes a change of epoch wait for us, or us for it; then nothing is
-- saved. Upwards only, because two relays may run for a moment. Rows in the order of (club, head).
-- Not flushed at commit: what a crash forgets is published again, refused by the stream, and adopted.
-- $1 epoch, $2 clubs, $3 heads, $4 positions, $5 versions, $6 seqs
with state as (
    select set_config('synchronous_commit', 'off', true)
    from holdfast.relay_state where epoch = $1 for key share
), saved as (
    insert into holdfast.progress as p
        (club, head, epoch, published_position, published_version, published_seq)
    select u.club, u.head, $1, u.position, u.version, u.seq
    from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
        as u (club, head, position, version, seq)
    where exists (select from state)
    order by u.club, u.head
    on conflict (club, head) do update set
        published_position = greatest(p.published_position, excluded.published_position),
        published_version = greatest(p.published_version, excluded.published_version),
        published_seq = case when excluded.published_version >= p.published_version
            then excluded.published_seq else p.published_seq end
    where p.epoch = excluded.epoch
)
select exists (select from state)
