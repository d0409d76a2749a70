-- No foreign key: a phone may send the craving later.
ALTER TABLE skill_practices ADD COLUMN situation_of BLOB CHECK (length(situation_of) = 16);
UPDATE skill_practices SET situation_of = unhex(json_extract(detail, '$.craving'), '-') WHERE trigger_category IS NULL;
