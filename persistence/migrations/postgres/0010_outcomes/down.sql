DELETE FROM told_uses AS check_in USING told_uses AS craving
WHERE check_in.kind = 'check_in' AND craving.kind = 'craving'
    AND check_in.participant_id = craving.participant_id AND check_in.id = craving.id;
DELETE FROM told_uses WHERE is_taken_back;
ALTER TABLE told_uses
    DROP COLUMN alcohol_days,
    DROP COLUMN drug_days,
    DROP COLUMN revision,
    DROP COLUMN seen_with_lapses,
    DROP COLUMN taken_back_at,
    DROP COLUMN is_taken_back;
ALTER TABLE told_uses DROP CONSTRAINT told_uses_pkey, ADD PRIMARY KEY (participant_id, id);
DROP TABLE craving_outcomes;
