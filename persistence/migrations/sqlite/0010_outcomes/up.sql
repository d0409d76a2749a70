CREATE TABLE craving_outcomes (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    craving_id BLOB NOT NULL CHECK (length(craving_id) = 16),
    observed_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (participant_id, craving_id, observed_at, outcome),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
) STRICT, WITHOUT ROWID;
-- Of what was told before there were these rows, the outcome that stands is known, and no receipt of its own.
INSERT INTO craving_outcomes (participant_id, craving_id, observed_at, outcome, received_at)
SELECT participant_id, id, outcome_at, outcome, MAX(outcome_at, received_at)
FROM cravings
WHERE outcome IS NOT NULL AND occurred_at < outcome_at;

-- A craving and a check-in may have one id.
CREATE TABLE told_uses_by_kind (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    substance TEXT,
    alcohol_days INTEGER,
    drug_days INTEGER,
    reported_at INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    seen_with_lapses INTEGER NOT NULL CHECK (seen_with_lapses IN (0, 1)),
    taken_back_at INTEGER,
    is_taken_back INTEGER NOT NULL CHECK (is_taken_back IN (0, 1)),
    acknowledged_by BLOB REFERENCES accounts (id) CHECK (length(acknowledged_by) = 16),
    acknowledged_at INTEGER,
    PRIMARY KEY (participant_id, kind, id),
    CHECK (kind IN ('craving', 'check_in')),
    CHECK (first_day <= last_day)
) STRICT, WITHOUT ROWID;
INSERT INTO told_uses_by_kind (
    participant_id, id, kind, first_day, last_day, substance, reported_at, revision, seen_with_lapses, is_taken_back,
    acknowledged_by, acknowledged_at
)
SELECT
    participant_id, id, kind, first_day, last_day, substance, reported_at, 1, 0, 0, acknowledged_by, acknowledged_at
FROM told_uses;
DROP TABLE told_uses;
ALTER TABLE told_uses_by_kind RENAME TO told_uses;
