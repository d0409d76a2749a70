DROP TABLE plan_signatures;
DROP TABLE plan_revisions;
