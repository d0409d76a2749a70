CREATE TABLE level_of_care_changes (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    number integer NOT NULL,
    level text NOT NULL,
    since date NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (participant_id, id),
    UNIQUE (participant_id, number),
    CHECK (1 <= number),
    CHECK (level IN ('intensive_outpatient', 'continuing_care'))
);
