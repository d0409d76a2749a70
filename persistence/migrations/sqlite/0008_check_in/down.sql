DROP TABLE check_in_revisions;
DROP TABLE check_ins;
