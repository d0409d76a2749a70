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
    use_reported_at INTEGER,
    revision INTEGER NOT NULL,
    withdrawn_at INTEGER,
    debrief_revision INTEGER NOT NULL,
    debrief_saved_at INTEGER,
    debrief TEXT NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (outcome IN ('lapse', 'return_to_use', 'close_call')),
    CHECK (1 <= revision),
    CHECK (0 <= debrief_revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE lapse_revisions (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    lapse_id BLOB NOT NULL CHECK (length(lapse_id) = 16),
    revision INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    received_at INTEGER NOT NULL,
    reason TEXT,
    draft TEXT NOT NULL,
    PRIMARY KEY (participant_id, lapse_id, revision),
    UNIQUE (participant_id, lapse_id, id),
    CHECK (1 <= revision),
    FOREIGN KEY (participant_id, lapse_id) REFERENCES lapses (participant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE use_reports (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    source TEXT NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    substance TEXT,
    outcome TEXT,
    reported_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    acknowledged_by BLOB REFERENCES accounts (id) CHECK (length(acknowledged_by) = 16),
    acknowledged_at INTEGER,
    acknowledged_revision INTEGER,
    withdrawn_at INTEGER,
    PRIMARY KEY (participant_id, source, id),
    CHECK (source IN ('craving', 'check_in', 'lapse')),
    CHECK (outcome IN ('lapse', 'return_to_use', 'close_call')),
    CHECK (first_day <= last_day),
    CHECK (1 <= revision),
    CHECK (1 <= acknowledged_revision AND acknowledged_revision <= revision)
) STRICT, WITHOUT ROWID;
-- For the caseload, which reads reports that need attention and recent ones.
CREATE INDEX use_reports_unacknowledged ON use_reports (participant_id)
WHERE withdrawn_at IS NULL AND (acknowledged_revision IS NULL OR acknowledged_revision < revision);
CREATE INDEX use_reports_recent ON use_reports (participant_id, reported_at) WHERE withdrawn_at IS NULL;

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
