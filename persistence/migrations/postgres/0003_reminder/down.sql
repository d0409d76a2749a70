DROP TABLE reminder_messages;
DROP TABLE reminder_preferences;
