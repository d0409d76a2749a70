ALTER TABLE practices DROP COLUMN is_evidence;
