DROP TABLE told_uses;
ALTER TABLE lapses DROP COLUMN use_told_at;
