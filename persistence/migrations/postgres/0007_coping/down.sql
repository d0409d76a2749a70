DROP TABLE skill_practice_revisions;
DROP TABLE skill_practices;
DROP TABLE skill_assignments;
DROP TABLE coping_choices;
DROP TABLE organization_skill_revisions;
DROP TABLE organization_skills;
