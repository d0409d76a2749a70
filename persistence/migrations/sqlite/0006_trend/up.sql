CREATE TABLE daily_summaries (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    intensity_sum INTEGER NOT NULL,
    peak INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    still_going INTEGER NOT NULL,
    lapsed INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (participant_id, day),
    CHECK (1 <= count),
    CHECK (0 <= intensity_sum),
    CHECK (peak BETWEEN 0 AND 10)
) STRICT, WITHOUT ROWID;

CREATE TABLE caseload_views (
    counselor_id BLOB NOT NULL CHECK (length(counselor_id) = 16),
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    hour INTEGER NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
) STRICT, WITHOUT ROWID;
