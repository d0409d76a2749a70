ALTER TABLE skill_practices ADD COLUMN is_evidence boolean NOT NULL DEFAULT true;
-- From 0 to 0 there was nothing to ease.
UPDATE skill_practices SET is_evidence = false WHERE eased_by = 0 AND detail ->> 'before' = '0';
