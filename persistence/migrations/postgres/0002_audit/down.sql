DROP TABLE audit_seals;
DROP TABLE audit_events;
DROP TABLE audit_streams;
DROP FUNCTION audit_is_append_only;
