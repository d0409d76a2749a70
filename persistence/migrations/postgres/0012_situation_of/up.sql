-- No foreign key: a phone may send the craving later.
ALTER TABLE skill_practices ADD COLUMN situation_of uuid;
UPDATE skill_practices SET situation_of = (detail ->> 'craving')::uuid WHERE trigger_category IS NULL;
