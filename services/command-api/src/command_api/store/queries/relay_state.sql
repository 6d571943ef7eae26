-- The current epoch, the highest sequence acknowledged, and whether commits wait for a standby.
select epoch, last_seq, current_setting('synchronous_standby_names') <> '' as replicated
from holdfast.relay_state
