CREATE TABLE sobriety_dates (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    substance TEXT NOT NULL,
    since INTEGER NOT NULL,
    at INTEGER,
    reported_at INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    corrects BLOB CHECK (length(corrects) = 16),
    received_at INTEGER NOT NULL,
    clock_suspect INTEGER NOT NULL CHECK (clock_suspect IN (0, 1)),
    withdrawn_at INTEGER,
    PRIMARY KEY (participant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lapses (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    occurred_at INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    substance TEXT NOT NULL,
    outcome TEXT NOT NULL,
    note TEXT,
    craving_id BLOB CHECK (length(craving_id) = 16),
    local_day INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    clock_suspect INTEGER NOT NULL CHECK (clock_suspect IN (0, 1)),
    withdrawn_at INTEGER,
    debrief_revision INTEGER NOT NULL,
    debrief_saved_at INTEGER,
    debrief TEXT NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (outcome IN ('lapse', 'return_to_use', 'close_call')),
    CHECK (0 <= debrief_revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE milestones_reached (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    substance TEXT NOT NULL,
    code TEXT NOT NULL,
    label TEXT NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (participant_id, substance, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter_choices (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    substance TEXT NOT NULL,
    hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    PRIMARY KEY (participant_id, substance)
) STRICT, WITHOUT ROWID;

CREATE TABLE declined_lessons (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    key TEXT NOT NULL,
    count INTEGER NOT NULL,
    declined_on INTEGER NOT NULL,
    PRIMARY KEY (participant_id, key),
    CHECK (length(key) BETWEEN 1 AND 200),
    CHECK (0 <= count)
) STRICT, WITHOUT ROWID;
