CREATE TABLE questions (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    written_at timestamptz NOT NULL,
    text text NOT NULL,
    received_at timestamptz NOT NULL,
    discussed_by uuid,
    discussed_at timestamptz,
    withdrawn_at timestamptz,
    PRIMARY KEY (participant_id, id),
    CHECK (length(text) BETWEEN 1 AND 500),
    CHECK ((discussed_by IS NULL) = (discussed_at IS NULL))
);
