CREATE TABLE craving_outcomes (
    participant_id uuid NOT NULL,
    craving_id uuid NOT NULL,
    observed_at timestamptz NOT NULL,
    outcome text NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (participant_id, craving_id, observed_at, outcome),
    FOREIGN KEY (participant_id, craving_id) REFERENCES cravings (participant_id, id)
);
-- Of what was told before there were these rows, the outcome that stands is known, and no receipt of its own.
INSERT INTO craving_outcomes (participant_id, craving_id, observed_at, outcome, received_at)
SELECT participant_id, id, outcome_at, outcome, GREATEST(outcome_at, received_at)
FROM cravings
WHERE outcome IS NOT NULL AND occurred_at < outcome_at;

-- A craving and a check-in may have one id.
ALTER TABLE told_uses DROP CONSTRAINT told_uses_pkey, ADD PRIMARY KEY (participant_id, kind, id);
ALTER TABLE told_uses
    ADD COLUMN alcohol_days smallint,
    ADD COLUMN drug_days smallint,
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD COLUMN seen_with_lapses boolean NOT NULL DEFAULT false,
    ADD COLUMN taken_back_at timestamptz,
    ADD COLUMN is_taken_back boolean NOT NULL DEFAULT false;
ALTER TABLE told_uses ALTER COLUMN revision DROP DEFAULT, ALTER COLUMN seen_with_lapses DROP DEFAULT,
    ALTER COLUMN is_taken_back DROP DEFAULT;
