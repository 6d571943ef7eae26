-- Those who wait: read in the order of the queue by channel, and by the leader over all channels.

create index records_waiting on holdfast.records (club, head, created_ms, id collate "C")
    where active and kind = 'entry';
