DROP TABLE declined_lessons;
DROP TABLE counter_choices;
DROP TABLE use_reports;
DROP TABLE lapse_revisions;
DROP TABLE lapses;
DROP TABLE sobriety_dates;
