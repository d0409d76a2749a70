CREATE TABLE plan_revisions (
    participant_id uuid NOT NULL REFERENCES participants (id),
    kind text NOT NULL,
    revision integer NOT NULL,
    author uuid NOT NULL,
    author_role text NOT NULL,
    made_at timestamptz NOT NULL,
    content jsonb NOT NULL,
    PRIMARY KEY (participant_id, kind, revision),
    CHECK (kind IN ('plan', 'safety_plan')),
    CHECK (author_role IN ('participant', 'counselor', 'supervisor', 'admin', 'supporter')),
    CHECK (1 <= revision)
);

CREATE TABLE plan_signatures (
    participant_id uuid NOT NULL,
    kind text NOT NULL,
    revision integer NOT NULL,
    account_id uuid NOT NULL,
    role text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (participant_id, kind, revision, account_id),
    CHECK (role IN ('participant', 'counselor')),
    FOREIGN KEY (participant_id, kind, revision) REFERENCES plan_revisions (participant_id, kind, revision)
);
