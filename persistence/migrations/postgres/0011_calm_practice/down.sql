ALTER TABLE skill_practices DROP COLUMN is_evidence;
