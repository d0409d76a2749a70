DROP TABLE declined_lessons;
DROP TABLE counter_choices;
DROP TABLE milestones_reached;
DROP TABLE lapses;
DROP TABLE sobriety_dates;
