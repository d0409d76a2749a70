CREATE TABLE reminder_preferences (
    participant_id BLOB NOT NULL PRIMARY KEY CHECK (length(participant_id) = 16),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    at_minute INTEGER NOT NULL,
    weekdays INTEGER NOT NULL,
    quiet_from INTEGER,
    quiet_until INTEGER,
    content TEXT NOT NULL,
    next_due_at INTEGER,
    changed_at INTEGER NOT NULL,
    CHECK (at_minute BETWEEN 0 AND 1439)
) STRICT, WITHOUT ROWID;

CREATE TABLE reminder_messages (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    kind TEXT NOT NULL,
    local_date INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    lease_until INTEGER,
    fence INTEGER NOT NULL,
    planned_at INTEGER NOT NULL,
    sent_at INTEGER,
    unsubscribe_hash BLOB NOT NULL UNIQUE,
    CHECK (state IN ('planned', 'sent', 'answered', 'expired', 'bounced', 'dead', 'suppressed'))
) STRICT;

CREATE UNIQUE INDEX reminder_messages_slot ON reminder_messages (participant_id, kind, local_date, slot);
CREATE INDEX reminder_messages_waiting ON reminder_messages (next_attempt_at) WHERE state = 'planned';
CREATE INDEX reminder_preferences_due ON reminder_preferences (next_due_at) WHERE next_due_at IS NOT NULL;
