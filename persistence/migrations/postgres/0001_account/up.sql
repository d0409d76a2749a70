CREATE TABLE organizations (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    demo boolean NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE accounts (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    role text NOT NULL,
    display_name text NOT NULL,
    sign_in_name text NOT NULL UNIQUE,
    email text,
    password_hash text,
    time_zone text,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (role IN ('participant', 'counselor', 'supervisor', 'admin', 'supporter'))
);

CREATE TABLE participants (
    id uuid NOT NULL PRIMARY KEY,
    account_id uuid NOT NULL UNIQUE REFERENCES accounts (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    time_zone text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE caseloads (
    counselor_id uuid NOT NULL REFERENCES accounts (id),
    participant_id uuid NOT NULL REFERENCES participants (id),
    since timestamptz NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
);

CREATE TABLE devices (
    id uuid NOT NULL PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    name text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    generation integer NOT NULL,
    current_hash bytea NOT NULL,
    previous_hash bytea,
    rotated_at timestamptz NOT NULL,
    reissues smallint NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE invites (
    id uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    code_hash bytea NOT NULL UNIQUE,
    role text NOT NULL,
    display_name text NOT NULL,
    email text,
    time_zone text,
    created_by uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    redeemed_at timestamptz,
    withdrawn_at timestamptz
);

CREATE TABLE sign_in_throttles (
    name_hash bytea NOT NULL PRIMARY KEY,
    failures integer NOT NULL,
    first_failed_at timestamptz NOT NULL,
    last_failed_at timestamptz NOT NULL
);

CREATE INDEX devices_of_account ON devices (account_id);
CREATE INDEX caseloads_of_participant ON caseloads (participant_id);
CREATE INDEX participants_of_organization ON participants (organization_id);
CREATE INDEX invites_of_organization ON invites (organization_id, created_at);
