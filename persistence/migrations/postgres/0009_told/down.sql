ALTER TABLE lapses DROP COLUMN use_told_at;
