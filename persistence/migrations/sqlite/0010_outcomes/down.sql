CREATE TABLE told_uses_by_id (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    substance TEXT,
    reported_at INTEGER NOT NULL,
    acknowledged_by BLOB REFERENCES accounts (id) CHECK (length(acknowledged_by) = 16),
    acknowledged_at INTEGER,
    PRIMARY KEY (participant_id, id),
    CHECK (kind IN ('craving', 'check_in')),
    CHECK (first_day <= last_day)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO told_uses_by_id (participant_id, id, kind, first_day, last_day, substance, reported_at, acknowledged_by, acknowledged_at)
SELECT participant_id, id, kind, first_day, last_day, substance, reported_at, acknowledged_by, acknowledged_at FROM told_uses WHERE is_taken_back = 0 ORDER BY kind DESC;
DROP TABLE told_uses;
ALTER TABLE told_uses_by_id RENAME TO told_uses;
DROP TABLE craving_outcomes;
