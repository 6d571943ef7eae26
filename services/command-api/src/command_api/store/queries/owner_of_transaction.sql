-- Whose a transaction is: whoever asks first. $1 club, $2 transaction, $3 asker, $4 now ms
with mine as (
    insert into holdfast.transactions (club, transaction_id, owner, at_ms) values ($1, $2, $3, $4)
    on conflict do nothing returning owner
)
select owner from mine
union all
select owner from holdfast.transactions where club = $1 and transaction_id = $2
limit 1
