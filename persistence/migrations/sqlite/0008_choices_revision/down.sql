ALTER TABLE coping_choices DROP COLUMN revision;
