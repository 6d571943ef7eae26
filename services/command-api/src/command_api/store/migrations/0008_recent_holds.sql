-- Customers' holds that ended unconfirmed a short while ago, by channel: who holds the same again soon has
-- what is left of its time.

create index records_let_go on holdfast.records (club, head, updated_ms)
    where kind = 'hold' and not active and customer_id is not null and status in ('released', 'expired');
