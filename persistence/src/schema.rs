//! The tables, the same on both engines.

diesel::table! {
    use diesel::sql_types::Bool;
    use crate::column::{Instant, Key, Word};

    organizations (id) {
        id -> Key,
        name -> Word,
        demo -> Bool,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::column::{Instant, Key, Word};

    accounts (id) {
        id -> Key,
        organization_id -> Key,
        role -> Word,
        display_name -> Word,
        sign_in_name -> Word,
        email -> Nullable<Word>,
        password_hash -> Nullable<Text>,
        time_zone -> Nullable<Word>,
        active -> Bool,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{};
    use crate::column::{Instant, Key, Word};

    participants (id) {
        id -> Key,
        account_id -> Key,
        organization_id -> Key,
        time_zone -> Word,
        created_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{};
    use crate::column::{Instant, Key};

    caseloads (counselor_id, participant_id) {
        counselor_id -> Key,
        participant_id -> Key,
        since -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, SmallInt};
    use crate::column::{Hash, Instant, Key, Word};

    devices (id) {
        id -> Key,
        account_id -> Key,
        name -> Word,
        created_at -> Instant,
        last_used_at -> Instant,
        generation -> Integer,
        current_hash -> Hash,
        previous_hash -> Nullable<Hash>,
        rotated_at -> Instant,
        reissues -> SmallInt,
        revoked_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::column::{Hash, Instant, Key, Word};

    invites (id) {
        id -> Key,
        organization_id -> Key,
        code_hash -> Hash,
        role -> Word,
        display_name -> Word,
        email -> Nullable<Word>,
        time_zone -> Nullable<Word>,
        created_by -> Nullable<Key>,
        created_at -> Instant,
        expires_at -> Instant,
        redeemed_at -> Nullable<Instant>,
        withdrawn_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use crate::column::{Hash, Instant};

    sign_in_throttles (name_hash) {
        name_hash -> Hash,
        failures -> Integer,
        first_failed_at -> Instant,
        last_failed_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Integer, Nullable};
    use crate::column::{Calendar, Document, Instant, Key, Number, Word};

    cravings (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        #[sql_name = "occurred_at"]
        felt_at -> Instant,
        local_day -> Calendar,
        received_at -> Instant,
        clock_suspect -> Bool,
        intensity -> Number,
        peak -> Number,
        outcome -> Nullable<Word>,
        outcome_at -> Nullable<Instant>,
        revision -> Integer,
        withdrawn_at -> Nullable<Instant>,
        detail -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable};
    use crate::column::{Document, Instant, Key, Word};

    craving_revisions (participant_id, craving_id, revision) {
        participant_id -> Key,
        craving_id -> Key,
        revision -> Integer,
        id -> Key,
        received_at -> Instant,
        reason -> Nullable<Word>,
        draft -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{};
    use crate::column::{Instant, Key, Number};

    craving_ratings (participant_id, craving_id, id) {
        participant_id -> Key,
        craving_id -> Key,
        id -> Key,
        rated_at -> Instant,
        intensity -> Number,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use crate::column::{Calendar, Document, Instant, Key, Number};

    daily_summaries (participant_id, day) {
        participant_id -> Key,
        day -> Calendar,
        count -> Integer,
        intensity_sum -> Integer,
        peak -> Number,
        passed -> Integer,
        still_going -> Integer,
        lapsed -> Integer,
        last_at -> Instant,
        detail -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::column::Key;

    audit_streams (stream) {
        stream -> Key,
        last_seq -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable};
    use crate::column::{Instant, Key, Word};

    audit_events (id) {
        id -> BigInt,
        stream -> Key,
        seq -> BigInt,
        at -> Instant,
        actor -> Nullable<Key>,
        actor_role -> Nullable<Word>,
        device -> Nullable<Key>,
        action -> Word,
        entity -> Nullable<Key>,
        outcome -> Word,
        request_id -> Key,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use crate::column::{Hash, Instant};

    audit_seals (number) {
        number -> BigInt,
        first_id -> BigInt,
        last_id -> BigInt,
        entries -> BigInt,
        previous -> Hash,
        hash -> Hash,
        sealed_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{};
    use crate::column::{Instant, Key};

    caseload_views (counselor_id, participant_id) {
        counselor_id -> Key,
        participant_id -> Key,
        hour -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, SmallInt};
    use crate::column::{Instant, Key, Number, Word};

    reminder_preferences (participant_id) {
        participant_id -> Key,
        enabled -> Bool,
        at_minute -> Number,
        weekdays -> SmallInt,
        quiet_from -> Nullable<Number>,
        quiet_until -> Nullable<Number>,
        content -> Word,
        next_due_at -> Nullable<Instant>,
        changed_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, SmallInt};
    use crate::column::{Calendar, Hash, Instant, Key, Word};

    reminder_messages (id) {
        id -> Key,
        participant_id -> Key,
        kind -> Word,
        local_date -> Calendar,
        slot -> SmallInt,
        due_at -> Instant,
        state -> Word,
        reason -> Nullable<Word>,
        attempts -> SmallInt,
        next_attempt_at -> Instant,
        lease_until -> Nullable<Instant>,
        fence -> BigInt,
        planned_at -> Instant,
        sent_at -> Nullable<Instant>,
        unsubscribe_hash -> Hash,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable};
    use crate::column::{Document, Instant, Key};

    organization_skills (organization_id, id) {
        organization_id -> Key,
        id -> Key,
        revision -> Integer,
        changed_by -> Key,
        changed_at -> Instant,
        retired_at -> Nullable<Instant>,
        skill -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use crate::column::{Document, Instant, Key};

    organization_skill_revisions (organization_id, skill_id, revision) {
        organization_id -> Key,
        skill_id -> Key,
        revision -> Integer,
        changed_by -> Key,
        changed_at -> Instant,
        skill -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use crate::column::{Document, Instant, Key};

    coping_choices (participant_id) {
        participant_id -> Key,
        changed_at -> Instant,
        choices -> Document,
        revision -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::column::{Calendar, Instant, Key, Word};

    skill_assignments (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        skill -> Word,
        note -> Nullable<Word>,
        until_day -> Calendar,
        assigned_by -> Key,
        assigned_at -> Instant,
        withdrawn_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Integer, Nullable, SmallInt};
    use crate::column::{Calendar, Document, Instant, Key, Word};

    skill_practices (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        practiced_at -> Instant,
        local_day -> Calendar,
        received_at -> Instant,
        clock_suspect -> Bool,
        skill -> Word,
        trigger_category -> Nullable<Word>,
        situation_of -> Nullable<Key>,
        eased_by -> SmallInt,
        is_evidence -> Bool,
        revision -> Integer,
        withdrawn_at -> Nullable<Instant>,
        detail -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable};
    use crate::column::{Document, Instant, Key, Word};

    skill_practice_revisions (participant_id, practice_id, revision) {
        participant_id -> Key,
        practice_id -> Key,
        revision -> Integer,
        id -> Key,
        received_at -> Instant,
        reason -> Nullable<Word>,
        draft -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Integer, Nullable, SmallInt};
    use crate::column::{Calendar, Document, Instant, Key, Word};

    check_ins (participant_id, kind, day) {
        participant_id -> Key,
        kind -> Word,
        day -> Calendar,
        id -> Key,
        received_at -> Instant,
        clock_suspect -> Bool,
        late -> Bool,
        revision -> Integer,
        mood -> Nullable<SmallInt>,
        sleep_tenths -> Nullable<SmallInt>,
        stress -> Nullable<SmallInt>,
        confidence -> Nullable<SmallInt>,
        craving_worst -> Nullable<SmallInt>,
        any_use -> Nullable<Bool>,
        draft -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Integer};
    use crate::column::{Calendar, Document, Instant, Key, Word};

    check_in_revisions (participant_id, kind, day, revision) {
        participant_id -> Key,
        kind -> Word,
        day -> Calendar,
        revision -> Integer,
        id -> Key,
        received_at -> Instant,
        clock_suspect -> Bool,
        late -> Bool,
        draft -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Nullable, Text};
    use crate::column::{Calendar, Instant, Key, Word};

    sobriety_dates (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        substance -> Word,
        since -> Calendar,
        at -> Nullable<Instant>,
        reported_at -> Instant,
        time_zone -> Word,
        corrects -> Nullable<Key>,
        received_at -> Instant,
        clock_suspect -> Bool,
        withdrawn_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Integer, Nullable, Text};
    use crate::column::{Calendar, Document, Instant, Key, Word};

    lapses (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        occurred_at -> Instant,
        time_zone -> Word,
        substance -> Word,
        outcome -> Word,
        note -> Nullable<Word>,
        craving_id -> Nullable<Key>,
        local_day -> Calendar,
        received_at -> Instant,
        clock_suspect -> Bool,
        withdrawn_at -> Nullable<Instant>,
        debrief_revision -> Integer,
        debrief_saved_at -> Nullable<Instant>,
        debrief -> Document,
        revision -> Integer,
        use_reported_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::column::{Document, Instant, Key, Word};

    lapse_revisions (participant_id, lapse_id, revision) {
        participant_id -> Key,
        lapse_id -> Key,
        revision -> Integer,
        id -> Key,
        received_at -> Instant,
        reason -> Nullable<Word>,
        draft -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Bool, Text};
    use crate::column::{Key, Word};

    counter_choices (participant_id, substance) {
        participant_id -> Key,
        substance -> Word,
        hidden -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use crate::column::{Calendar, Key};

    declined_lessons (participant_id, key) {
        participant_id -> Key,
        key -> Text,
        count -> Integer,
        declined_on -> Calendar,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use crate::column::{Document, Instant, Key, Word};

    plan_revisions (participant_id, kind, revision) {
        participant_id -> Key,
        kind -> Text,
        revision -> Integer,
        author -> Key,
        author_role -> Word,
        made_at -> Instant,
        content -> Document,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Text};
    use crate::column::{Instant, Key, Word};

    plan_signatures (participant_id, kind, revision, account_id) {
        participant_id -> Key,
        kind -> Text,
        revision -> Integer,
        account_id -> Key,
        role -> Word,
        at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::Integer;
    use crate::column::{Calendar, Instant, Key, Word};

    level_of_care_changes (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        number -> Integer,
        level -> Word,
        since -> Calendar,
        recorded_by -> Key,
        recorded_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{};
    use crate::column::{Instant, Key, Word};

    craving_outcomes (participant_id, craving_id, observed_at, outcome) {
        participant_id -> Key,
        craving_id -> Key,
        observed_at -> Instant,
        outcome -> Word,
        received_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Integer, Nullable, Text};
    use crate::column::{Calendar, Instant, Key, Word};

    use_reports (participant_id, source, id) {
        participant_id -> Key,
        source -> Word,
        id -> Key,
        first_day -> Calendar,
        last_day -> Calendar,
        substance -> Nullable<Word>,
        outcome -> Nullable<Word>,
        reported_at -> Instant,
        revision -> Integer,
        acknowledged_by -> Nullable<Key>,
        acknowledged_at -> Nullable<Instant>,
        acknowledged_revision -> Nullable<Integer>,
        withdrawn_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::Nullable;
    use crate::column::{Instant, Key, Word};

    questions (participant_id, id) {
        participant_id -> Key,
        id -> Key,
        written_at -> Instant,
        text -> Word,
        received_at -> Instant,
        discussed_by -> Nullable<Key>,
        discussed_at -> Nullable<Instant>,
        withdrawn_at -> Nullable<Instant>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(organizations, accounts, participants, caseloads, devices, invites, sign_in_throttles, cravings, craving_revisions, craving_ratings, craving_outcomes, daily_summaries, audit_streams, audit_events, audit_seals, caseload_views, reminder_preferences, reminder_messages, organization_skills, organization_skill_revisions, coping_choices, skill_assignments, skill_practices, skill_practice_revisions, check_ins, check_in_revisions, sobriety_dates, lapses, lapse_revisions, counter_choices, declined_lessons, plan_revisions, plan_signatures, level_of_care_changes, use_reports);
