CREATE TABLE sobriety_dates (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    substance text NOT NULL,
    since date NOT NULL,
    at timestamptz,
    reported_at timestamptz NOT NULL,
    time_zone text NOT NULL,
    corrects uuid,
    received_at timestamptz NOT NULL,
    clock_suspect boolean NOT NULL,
    withdrawn_at timestamptz,
    PRIMARY KEY (participant_id, id)
);

CREATE TABLE lapses (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    time_zone text NOT NULL,
    substance text NOT NULL,
    outcome text NOT NULL,
    note text,
    craving_id uuid,
    local_day date NOT NULL,
    received_at timestamptz NOT NULL,
    clock_suspect boolean NOT NULL,
    withdrawn_at timestamptz,
    debrief_revision integer NOT NULL,
    debrief_saved_at timestamptz,
    debrief jsonb NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (outcome IN ('lapse', 'return_to_use', 'close_call')),
    CHECK (0 <= debrief_revision)
);

CREATE TABLE milestones_reached (
    participant_id uuid NOT NULL REFERENCES participants (id),
    substance text NOT NULL,
    code text NOT NULL,
    label text NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (participant_id, substance, code)
);

CREATE TABLE counter_choices (
    participant_id uuid NOT NULL REFERENCES participants (id),
    substance text NOT NULL,
    hidden boolean NOT NULL,
    PRIMARY KEY (participant_id, substance)
);

CREATE TABLE declined_lessons (
    participant_id uuid NOT NULL REFERENCES participants (id),
    key text NOT NULL,
    count integer NOT NULL,
    declined_on date NOT NULL,
    PRIMARY KEY (participant_id, key),
    CHECK (length(key) BETWEEN 1 AND 200),
    CHECK (0 <= count)
);
