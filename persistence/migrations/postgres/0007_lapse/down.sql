DROP TABLE lapse_revisions;
ALTER TABLE lapses DROP COLUMN revision;
ALTER TABLE lapses DROP COLUMN acknowledged_at;
ALTER TABLE lapses DROP COLUMN acknowledged_by;

CREATE TABLE milestones_reached (
    participant_id uuid NOT NULL REFERENCES participants (id),
    substance text NOT NULL,
    code text NOT NULL,
    label text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (participant_id, substance, code)
);
