CREATE TABLE audit_streams (
    stream BLOB NOT NULL PRIMARY KEY CHECK (length(stream) = 16),
    last_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stream BLOB NOT NULL CHECK (length(stream) = 16),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor BLOB CHECK (length(actor) = 16),
    actor_role TEXT,
    device BLOB CHECK (length(device) = 16),
    action TEXT NOT NULL,
    entity BLOB CHECK (length(entity) = 16),
    outcome TEXT NOT NULL,
    request_id BLOB NOT NULL CHECK (length(request_id) = 16),
    CHECK (1 <= seq)
) STRICT;

CREATE TABLE audit_seals (
    number INTEGER NOT NULL PRIMARY KEY,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL,
    sealed_at INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX audit_events_order ON audit_events (stream, seq);

-- The audit log only grows. Not even the application can change or remove an event.
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_seals_no_delete BEFORE DELETE ON audit_seals BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_seals_no_update BEFORE UPDATE ON audit_seals BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
