DROP TABLE milestones_reached;

ALTER TABLE lapses ADD COLUMN acknowledged_by uuid REFERENCES accounts (id);
ALTER TABLE lapses ADD COLUMN acknowledged_at timestamptz;
ALTER TABLE lapses ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (1 <= revision);

CREATE TABLE lapse_revisions (
    participant_id uuid NOT NULL,
    lapse_id uuid NOT NULL,
    revision integer NOT NULL,
    id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    reason text,
    draft jsonb NOT NULL,
    PRIMARY KEY (participant_id, lapse_id, revision),
    UNIQUE (participant_id, lapse_id, id),
    CHECK (1 <= revision),
    FOREIGN KEY (participant_id, lapse_id) REFERENCES lapses (participant_id, id)
);
