CREATE TABLE organization_skills (
    organization_id BLOB NOT NULL REFERENCES organizations (id) CHECK (length(organization_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    revision INTEGER NOT NULL,
    changed_by BLOB NOT NULL CHECK (length(changed_by) = 16),
    changed_at INTEGER NOT NULL,
    retired_at INTEGER,
    skill TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (1 <= revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE organization_skill_revisions (
    organization_id BLOB NOT NULL CHECK (length(organization_id) = 16),
    skill_id BLOB NOT NULL CHECK (length(skill_id) = 16),
    revision INTEGER NOT NULL,
    changed_by BLOB NOT NULL CHECK (length(changed_by) = 16),
    changed_at INTEGER NOT NULL,
    skill TEXT NOT NULL,
    PRIMARY KEY (organization_id, skill_id, revision),
    CHECK (1 <= revision),
    FOREIGN KEY (organization_id, skill_id) REFERENCES organization_skills (organization_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE coping_choices (
    participant_id BLOB NOT NULL PRIMARY KEY REFERENCES participants (id) CHECK (length(participant_id) = 16),
    revision INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    choices TEXT NOT NULL,
    CHECK (1 <= revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE skill_assignments (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    skill TEXT NOT NULL,
    note TEXT,
    until_day INTEGER NOT NULL,
    assigned_by BLOB NOT NULL CHECK (length(assigned_by) = 16),
    assigned_at INTEGER NOT NULL,
    withdrawn_at INTEGER,
    PRIMARY KEY (participant_id, id),
    CHECK (length(skill) BETWEEN 10 AND 49)
) STRICT, WITHOUT ROWID;

CREATE TABLE skill_practices (
    participant_id BLOB NOT NULL REFERENCES participants (id) CHECK (length(participant_id) = 16),
    id BLOB NOT NULL CHECK (length(id) = 16),
    practiced_at INTEGER NOT NULL,
    local_day INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    clock_suspect INTEGER NOT NULL CHECK (clock_suspect IN (0, 1)),
    skill TEXT NOT NULL,
    trigger_category TEXT,
    -- The craving whose triggers count if the practice names none. No foreign key, because the phone may send the
    -- craving later.
    situation_of BLOB CHECK (length(situation_of) = 16),
    eased_by INTEGER NOT NULL,
    is_evidence INTEGER NOT NULL CHECK (is_evidence IN (0, 1)),
    revision INTEGER NOT NULL,
    withdrawn_at INTEGER,
    detail TEXT NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (length(skill) BETWEEN 10 AND 49),
    CHECK (eased_by BETWEEN -10 AND 10),
    CHECK (1 <= revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE skill_practice_revisions (
    participant_id BLOB NOT NULL CHECK (length(participant_id) = 16),
    practice_id BLOB NOT NULL CHECK (length(practice_id) = 16),
    revision INTEGER NOT NULL,
    id BLOB NOT NULL CHECK (length(id) = 16),
    received_at INTEGER NOT NULL,
    reason TEXT,
    draft TEXT NOT NULL,
    PRIMARY KEY (participant_id, practice_id, revision),
    UNIQUE (participant_id, practice_id, id),
    CHECK (1 <= revision),
    FOREIGN KEY (participant_id, practice_id) REFERENCES skill_practices (participant_id, id)
) STRICT, WITHOUT ROWID;
