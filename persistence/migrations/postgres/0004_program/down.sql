DROP TABLE level_of_care_changes;
