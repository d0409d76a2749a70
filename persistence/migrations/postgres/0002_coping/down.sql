DROP TABLE practice_revisions;
DROP TABLE practices;
DROP TABLE skill_assignments;
DROP TABLE coping_choices;
DROP TABLE organisation_skill_revisions;
DROP TABLE organisation_skills;
