CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    role TEXT NOT NULL,
    display_name TEXT NOT NULL,
    sign_in_name TEXT NOT NULL UNIQUE,
    email TEXT,
    password_hash TEXT,
    time_zone TEXT,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,
    CHECK (role IN ('participant', 'counselor', 'supervisor', 'admin', 'supporter'))
) STRICT;

CREATE TABLE participants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL UNIQUE REFERENCES accounts (id) CHECK (length(account_id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    time_zone TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE caseloads (
    counselor_id BLOB NOT NULL REFERENCES accounts (id) CHECK (length(counselor_id) = 16),
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    since INTEGER NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE devices (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    account_id BLOB NOT NULL REFERENCES accounts (id) CHECK (length(account_id) = 16),
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    current_hash BLOB NOT NULL,
    previous_hash BLOB,
    rotated_at INTEGER NOT NULL,
    reissues INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE invites (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    code_hash BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT,
    time_zone TEXT,
    created_by BLOB CHECK (length(created_by) = 16),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    redeemed_at INTEGER,
    withdrawn_at INTEGER
) STRICT;

CREATE TABLE sign_in_throttles (
    name_hash BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    first_failed_at INTEGER NOT NULL,
    last_failed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX devices_of_account ON devices (account_id);
CREATE INDEX caseloads_of_participant ON caseloads (participant_id);
CREATE INDEX participants_of_organization ON participants (organization_id);
CREATE INDEX invites_of_organization ON invites (organization_id, created_at);
