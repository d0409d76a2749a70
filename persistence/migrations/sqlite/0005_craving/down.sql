DROP TABLE craving_outcomes;
DROP TABLE craving_ratings;
DROP TABLE craving_revisions;
DROP TABLE cravings;
