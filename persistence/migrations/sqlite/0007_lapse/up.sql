DROP TABLE milestones_reached;

ALTER TABLE lapses ADD COLUMN acknowledged_by BLOB REFERENCES accounts (id) CHECK (length(acknowledged_by) = 16);
ALTER TABLE lapses ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE lapses ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (1 <= revision);

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
