ALTER TABLE skill_practices ADD COLUMN is_evidence INTEGER NOT NULL DEFAULT 1 CHECK (is_evidence IN (0, 1));
-- From 0 to 0 there was nothing to ease.
UPDATE skill_practices SET is_evidence = 0 WHERE eased_by = 0 AND json_extract(detail, '$.before') = 0;
