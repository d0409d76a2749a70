DROP TABLE lapse_revisions;
ALTER TABLE lapses DROP COLUMN revision;
ALTER TABLE lapses DROP COLUMN acknowledged_at;
ALTER TABLE lapses DROP COLUMN acknowledged_by;

CREATE TABLE milestones_reached (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    substance TEXT NOT NULL,
    code TEXT NOT NULL,
    label TEXT NOT NULL,
    day INTEGER NOT NULL,
    PRIMARY KEY (participant_id, substance, code)
) STRICT, WITHOUT ROWID;
