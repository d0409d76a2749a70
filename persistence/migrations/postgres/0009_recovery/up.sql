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
    use_reported_at timestamptz,
    revision integer NOT NULL,
    withdrawn_at timestamptz,
    debrief_revision integer NOT NULL,
    debrief_saved_at timestamptz,
    debrief jsonb NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (outcome IN ('lapse', 'return_to_use', 'close_call')),
    CHECK (1 <= revision),
    CHECK (0 <= debrief_revision)
);

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

CREATE TABLE use_reports (
    participant_id uuid NOT NULL REFERENCES participants (id),
    source text NOT NULL,
    id uuid NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    substance text,
    outcome text,
    reported_at timestamptz NOT NULL,
    revision integer NOT NULL,
    acknowledged_by uuid REFERENCES accounts (id),
    acknowledged_at timestamptz,
    acknowledged_revision integer,
    withdrawn_at timestamptz,
    PRIMARY KEY (participant_id, source, id),
    CHECK (source IN ('craving', 'check_in', 'lapse')),
    CHECK (outcome IN ('lapse', 'return_to_use', 'close_call')),
    CHECK (first_day <= last_day),
    CHECK (1 <= revision),
    CHECK (1 <= acknowledged_revision AND acknowledged_revision <= revision)
);
-- For the caseload, which reads reports that need attention and recent ones.
CREATE INDEX use_reports_unacknowledged ON use_reports (participant_id)
WHERE withdrawn_at IS NULL AND (acknowledged_revision IS NULL OR acknowledged_revision < revision);
CREATE INDEX use_reports_recent ON use_reports (participant_id, reported_at) WHERE withdrawn_at IS NULL;

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
