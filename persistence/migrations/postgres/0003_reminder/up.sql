CREATE TABLE reminder_preferences (
    participant_id uuid NOT NULL PRIMARY KEY,
    enabled boolean NOT NULL,
    at_minute smallint NOT NULL,
    weekdays smallint NOT NULL,
    quiet_from smallint,
    quiet_until smallint,
    content text NOT NULL,
    next_due_at timestamptz,
    changed_at timestamptz NOT NULL,
    CHECK (at_minute BETWEEN 0 AND 1439)
);

CREATE TABLE reminder_messages (
    id uuid NOT NULL PRIMARY KEY,
    participant_id uuid NOT NULL REFERENCES participants (id),
    kind text NOT NULL,
    local_date date NOT NULL,
    slot smallint NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL,
    reason text,
    attempts smallint NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    lease_until timestamptz,
    fence bigint NOT NULL,
    planned_at timestamptz NOT NULL,
    sent_at timestamptz,
    unsubscribe_hash bytea NOT NULL UNIQUE,
    CHECK (state IN ('planned', 'sent', 'answered', 'expired', 'bounced', 'dead', 'suppressed'))
);

CREATE UNIQUE INDEX reminder_messages_slot ON reminder_messages (participant_id, kind, local_date, slot);
CREATE INDEX reminder_messages_waiting ON reminder_messages (next_attempt_at) WHERE state = 'planned';
CREATE INDEX reminder_preferences_due ON reminder_preferences (next_due_at) WHERE next_due_at IS NOT NULL;
