ALTER TABLE coping_choices ADD COLUMN revision INTEGER NOT NULL DEFAULT 1 CHECK (1 <= revision);
