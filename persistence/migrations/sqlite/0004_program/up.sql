CREATE TABLE level_of_care_changes (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    number INTEGER NOT NULL,
    level TEXT NOT NULL,
    since INTEGER NOT NULL,
    recorded_by BLOB NOT NULL CHECK (length(recorded_by) = 16),
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (participant_id, id),
    UNIQUE (participant_id, number),
    CHECK (1 <= number),
    CHECK (level IN ('intensive_outpatient', 'continuing_care'))
) STRICT, WITHOUT ROWID;
