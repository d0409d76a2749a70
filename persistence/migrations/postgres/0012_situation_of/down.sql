ALTER TABLE skill_practices DROP COLUMN situation_of;
