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

CREATE TABLE craving_outcomes (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    craving_id BLOB NOT NULL CHECK (length(craving_id) = 16),
    observed_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (participant_id, craving_id, observed_at, outcome),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
) STRICT, WITHOUT ROWID;
