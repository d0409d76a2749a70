CREATE TABLE organization_skills (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    id uuid NOT NULL,
    revision integer NOT NULL,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    retired_at timestamptz,
    skill jsonb NOT NULL,
    PRIMARY KEY (organization_id, id),
    CHECK (1 <= revision)
);

CREATE TABLE organization_skill_revisions (
    organization_id uuid NOT NULL,
    skill_id uuid NOT NULL,
    revision integer NOT NULL,
    changed_by uuid NOT NULL,
    changed_at timestamptz NOT NULL,
    skill jsonb NOT NULL,
    PRIMARY KEY (organization_id, skill_id, revision),
    CHECK (1 <= revision),
    FOREIGN KEY (organization_id, skill_id) REFERENCES organization_skills (organization_id, id)
);

CREATE TABLE coping_choices (
    participant_id uuid NOT NULL PRIMARY KEY REFERENCES participants (id),
    revision integer NOT NULL,
    changed_at timestamptz NOT NULL,
    choices jsonb NOT NULL,
    CHECK (1 <= revision)
);

CREATE TABLE skill_assignments (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    skill text NOT NULL,
    note text,
    until_day date NOT NULL,
    assigned_by uuid NOT NULL,
    assigned_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    PRIMARY KEY (participant_id, id),
    CHECK (length(skill) BETWEEN 10 AND 49)
);

CREATE TABLE skill_practices (
    participant_id uuid NOT NULL REFERENCES participants (id),
    id uuid NOT NULL,
    practiced_at timestamptz NOT NULL,
    local_day date NOT NULL,
    received_at timestamptz NOT NULL,
    clock_suspect boolean NOT NULL,
    skill text NOT NULL,
    trigger_category text,
    -- The craving whose triggers count if the practice names none. No foreign key, because the phone may send the
    -- craving later.
    situation_of uuid,
    eased_by smallint NOT NULL,
    is_evidence boolean NOT NULL,
    revision integer NOT NULL,
    withdrawn_at timestamptz,
    detail jsonb NOT NULL,
    PRIMARY KEY (participant_id, id),
    CHECK (length(skill) BETWEEN 10 AND 49),
    CHECK (eased_by BETWEEN -10 AND 10),
    CHECK (1 <= revision)
);

CREATE TABLE skill_practice_revisions (
    participant_id uuid NOT NULL,
    practice_id uuid NOT NULL,
    revision integer NOT NULL,
    id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    reason text,
    draft jsonb NOT NULL,
    PRIMARY KEY (participant_id, practice_id, revision),
    UNIQUE (participant_id, practice_id, id),
    CHECK (1 <= revision),
    FOREIGN KEY (participant_id, practice_id) REFERENCES skill_practices (participant_id, id)
);
