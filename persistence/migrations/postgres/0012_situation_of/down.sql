ALTER TABLE practices DROP COLUMN situation_of;
