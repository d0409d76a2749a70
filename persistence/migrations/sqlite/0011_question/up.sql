CREATE TABLE questions (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    written_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    discussed_by BLOB CHECK (length(discussed_by) = 16),
    discussed_at INTEGER,
    withdrawn_at INTEGER,
    PRIMARY KEY (participant_id, id),
    CHECK (length(text) BETWEEN 1 AND 500),
    CHECK ((discussed_by IS NULL) = (discussed_at IS NULL))
) STRICT, WITHOUT ROWID;
