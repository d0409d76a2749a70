CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    role TEXT NOT NULL,
    display_name TEXT NOT NULL,
    sign_in_name TEXT NOT NULL UNIQUE,
    email TEXT,
    password_hash TEXT,
    time_zone TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,
    CHECK (role IN ('participant', 'counselor', 'supervisor', 'admin', 'supporter'))
) STRICT;

CREATE TABLE participants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL UNIQUE REFERENCES accounts (id) CHECK (length(account_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    time_zone TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE caseloads (
    counselor_id BLOB NOT NULL REFERENCES accounts (id) CHECK (length(counselor_id) = 16),
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    since INTEGER NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id) CHECK (length(account_id) = 16),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    current_hash BLOB NOT NULL,
    previous_hash BLOB,
    rotated_at INTEGER NOT NULL,
    reissues INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE invites (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    code_hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT,
    time_zone TEXT,
    created_by BLOB CHECK (length(created_by) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    redeemed_at INTEGER,
    withdrawn_at INTEGER
) STRICT;

CREATE TABLE sign_in_throttles (
    name_hash BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    first_failed_at INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cravings (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    occurred_at INTEGER NOT NULL,
    local_day INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    clock_suspect INTEGER NOT NULL CHECK (clock_suspect IN (0, 1)),
    intensity INTEGER NOT NULL,
    peak INTEGER NOT NULL,
    outcome TEXT,
    outcome_at INTEGER,
    revision INTEGER NOT NULL,
    withdrawn_at INTEGER,
    detail TEXT NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (intensity BETWEEN 0 AND 10),
    CHECK (peak BETWEEN 0 AND 10),
    CHECK (1 <= revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE craving_revisions (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    craving_id BLOB NOT NULL CHECK (length(craving_id) = 16),
    revision INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    received_at INTEGER NOT NULL,
    reason TEXT,
    draft TEXT NOT NULL,
    PRIMARY KEY (participant_id, craving_id, revision),
    UNIQUE (participant_id, craving_id, id),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE craving_ratings (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    craving_id BLOB NOT NULL CHECK (length(craving_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    rated_at INTEGER NOT NULL,
    intensity INTEGER NOT NULL,
    PRIMARY KEY (participant_id, craving_id, id),
    CHECK (intensity BETWEEN 0 AND 10),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_summaries (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    intensity_sum INTEGER NOT NULL,
    peak INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    still_going INTEGER NOT NULL,
    lapsed INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (participant_id, day),
    CHECK (1 <= count),
    CHECK (0 <= intensity_sum),
    CHECK (peak BETWEEN 0 AND 10)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_streams (
    stream BLOB NOT NULL PRIMARY KEY CHECK (length(stream) = 16),
    last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream BLOB NOT NULL CHECK (length(stream) = 16),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor BLOB CHECK (length(actor) = 16),
    actor_role TEXT,
    device BLOB CHECK (length(device) = 16),
    action TEXT NOT NULL,
    entity BLOB CHECK (length(entity) = 16),
    outcome TEXT NOT NULL,
    request_id BLOB NOT NULL CHECK (length(request_id) = 16),
    CHECK (1 <= seq)
) STRICT;

CREATE TABLE audit_seals (
    number INTEGER NOT NULL PRIMARY KEY,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE caseload_views (
    counselor_id BLOB NOT NULL CHECK (length(counselor_id) = 16),
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    hour INTEGER NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
) STRICT, WITHOUT ROWID;

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

CREATE UNIQUE INDEX letters_slot ON reminder_messages (participant_id, kind, local_date, slot);
CREATE INDEX letters_waiting ON reminder_messages (next_attempt_at) WHERE state = 'planned';
CREATE INDEX reminder_preferences_due ON reminder_preferences (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX devices_of_account ON devices (account_id);
CREATE INDEX caseloads_of_participant ON caseloads (participant_id);
CREATE INDEX participants_of_organization ON participants (organization_id);
CREATE INDEX invites_of_organization ON invites (organization_id, created_at);
CREATE UNIQUE INDEX audit_events_order ON audit_events (stream, seq);

-- The audit log only grows: not even the application may change or remove an entry.
CREATE TRIGGER audit_events_are_kept BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_are_true BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_seals_are_kept BEFORE DELETE ON audit_seals BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_seals_are_true BEFORE UPDATE ON audit_seals BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
