DROP TABLE sign_in_throttles;
DROP TABLE invites;
DROP TABLE devices;
DROP TABLE caseloads;
DROP TABLE participants;
DROP TABLE accounts;
DROP TABLE organizations;
