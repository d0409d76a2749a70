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

CREATE UNIQUE INDEX audit_events_order ON audit_events (stream, seq);

-- The audit log only grows. Not even the application can change or remove an event.
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals EXECUTE FUNCTION audit_is_append_only();
