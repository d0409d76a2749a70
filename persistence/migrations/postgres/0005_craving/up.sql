CREATE TABLE cravings (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    local_day date NOT NULL,
    received_at timestamptz NOT NULL,
    clock_suspect boolean NOT NULL,
    intensity smallint NOT NULL,
    peak smallint NOT NULL,
    outcome text,
    outcome_at timestamptz,
    revision integer NOT NULL,
    withdrawn_at timestamptz,
    detail jsonb NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (intensity BETWEEN 0 AND 10),
    CHECK (peak BETWEEN 0 AND 10),
    CHECK (1 <= revision)
);

CREATE TABLE craving_revisions (
    participant_id uuid NOT NULL,
    craving_id uuid NOT NULL,
    revision integer NOT NULL,
    id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    reason text,
    draft jsonb NOT NULL,
    PRIMARY KEY (participant_id, craving_id, revision),
    UNIQUE (participant_id, craving_id, id),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
);

CREATE TABLE craving_ratings (
    participant_id uuid NOT NULL,
    craving_id uuid NOT NULL,
    id uuid NOT NULL,
    rated_at timestamptz NOT NULL,
    intensity smallint NOT NULL,
    PRIMARY KEY (participant_id, craving_id, id),
    CHECK (intensity BETWEEN 0 AND 10),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
);

CREATE TABLE craving_outcomes (
    participant_id uuid NOT NULL,
    craving_id uuid NOT NULL,
    observed_at timestamptz NOT NULL,
    outcome text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (participant_id, craving_id, observed_at, outcome),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
);
