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

CREATE TABLE daily_summaries (
    participant_id uuid NOT NULL,
    day date NOT NULL,
    count integer NOT NULL,
    intensity_sum integer NOT NULL,
    peak smallint NOT NULL,
    passed integer NOT NULL,
    still_going integer NOT NULL,
    lapsed integer NOT NULL,
    last_at timestamptz NOT NULL,
    detail jsonb NOT NULL,
    PRIMARY KEY (participant_id, day),
    CHECK (1 <= count),
    CHECK (0 <= intensity_sum),
    CHECK (peak BETWEEN 0 AND 10)
);

CREATE TABLE audit_streams (
    stream uuid NOT NULL PRIMARY KEY,
    last_seq bigint NOT NULL
);

CREATE TABLE audit_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream uuid NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    actor uuid,
    actor_role text,
    device uuid,
    action text NOT NULL,
    entity uuid,
    outcome text NOT NULL,
    request_id uuid NOT NULL,
    CHECK (1 <= seq)
);

CREATE TABLE audit_seals (
    number bigint NOT NULL PRIMARY KEY,
    first_id bigint NOT NULL,
    last_id bigint NOT NULL,
    entries bigint NOT NULL,
    previous bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);

CREATE TABLE caseload_views (
    counselor_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
);

CREATE TABLE reminder_preferences (
    participant_id uuid NOT NULL PRIMARY KEY,
    enabled boolean NOT NULL,
    at_minute smallint NOT NULL,
    weekdays smallint NOT NULL,
    quiet_from smallint,
    quiet_until smallint,
    content text NOT NULL,
    next_due_at timestamptz,
    changed_at timestamptz NOT NULL,
    CHECK (at_minute BETWEEN 0 AND 1439)
);

CREATE TABLE reminder_messages (
    id uuid NOT NULL PRIMARY KEY,
    participant_id uuid NOT NULL REFERENCES participants (id),
    kind text NOT NULL,
    local_date date NOT NULL,
    slot smallint NOT NULL,
    due_at timestamptz NOT NULL,
    state text NOT NULL,
    reason text,
    attempts smallint NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    lease_until timestamptz,
    fence bigint NOT NULL,
    planned_at timestamptz NOT NULL,
    sent_at timestamptz,
    unsubscribe_hash bytea NOT NULL UNIQUE,
    CHECK (state IN ('planned', 'sent', 'answered', 'expired', 'bounced', 'dead', 'suppressed'))
);

CREATE UNIQUE INDEX letters_slot ON reminder_messages (participant_id, kind, local_date, slot);
CREATE INDEX letters_waiting ON reminder_messages (next_attempt_at) WHERE state = 'planned';
CREATE INDEX reminder_preferences_due ON reminder_preferences (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX devices_of_account ON devices (account_id);
CREATE INDEX caseloads_of_participant ON caseloads (participant_id);
CREATE INDEX participants_of_organization ON participants (organization_id);
CREATE INDEX invites_of_organization ON invites (organization_id, created_at);
CREATE UNIQUE INDEX audit_events_order ON audit_events (stream, seq);

-- The audit log only grows: not even the application may change or remove an entry.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_events_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_seals_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals EXECUTE FUNCTION audit_is_append_only();
