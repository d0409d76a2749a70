ALTER TABLE coping_choices ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (1 <= revision);
