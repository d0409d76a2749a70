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

CREATE TABLE caseload_views (
    counselor_id uuid NOT NULL,
    participant_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    PRIMARY KEY (counselor_id, participant_id)
);
