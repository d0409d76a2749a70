DROP TABLE care_steps;
