CREATE TABLE plan_revisions (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    author BLOB NOT NULL CHECK (length(author) = 16),
    author_role TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (participant_id, kind, revision),
    CHECK (kind IN ('plan', 'safety_plan')),
    CHECK (author_role IN ('participant', 'counselor', 'supervisor', 'admin', 'supporter')),
    CHECK (1 <= revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan_signatures (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    account_id BLOB NOT NULL CHECK (length(account_id) = 16),
    role TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (participant_id, kind, revision, account_id),
    CHECK (role IN ('participant', 'counselor')),
    FOREIGN KEY (participant_id, kind, revision) REFERENCES plan_revisions (participant_id, kind, revision)
) STRICT, WITHOUT ROWID;
