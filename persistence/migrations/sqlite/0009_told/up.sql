ALTER TABLE lapses ADD COLUMN use_told_at INTEGER;
-- What was corrected counts as told with its last correction: too late takes no milestone away, too early might.
UPDATE lapses SET use_told_at = COALESCE(
    (
        SELECT MAX(received_at) FROM lapse_revisions
        WHERE lapse_revisions.participant_id = lapses.participant_id AND lapse_revisions.lapse_id = lapses.id
    ),
    received_at
) WHERE outcome IN ('lapse', 'return_to_use');
-- A phone's clock that was ahead does not put a craving at the top of the list; its draft keeps what was told.
UPDATE cravings SET occurred_at = received_at WHERE clock_suspect = 1;
-- A correction makes no check-in late that was answered in time.
UPDATE check_ins SET late = told.late
FROM check_in_revisions AS told
WHERE told.participant_id = check_ins.participant_id AND told.kind = check_ins.kind
    AND told.day = check_ins.day AND told.revision = 1;

CREATE TABLE told_uses (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    substance TEXT,
    reported_at INTEGER NOT NULL,
    acknowledged_by BLOB REFERENCES accounts (id) CHECK (length(acknowledged_by) = 16),
    acknowledged_at INTEGER,
    PRIMARY KEY (participant_id, id),
    CHECK (kind IN ('craving', 'check_in')),
    CHECK (first_day <= last_day)
) STRICT, WITHOUT ROWID;
