//! Whom a permit covers when rows of many participants are read at once.

/// The rows of a table with a `participant_id` of all participants a permit covers: a supervisor's whole
/// organization, anybody else's own caseload.
macro_rules! of_caseload {
    ($tx:expr, $permit:expr, $table:ident, $filter:expr, $columns:expr) => {{
        use $crate::column::Id;
        use $crate::schema::{caseloads, participants};
        let actor = $permit.actor();
        if actor.role == ::evenkeel_domain::account::Role::Supervisor {
            participants::table
                .inner_join($table::table.on($table::participant_id.eq(participants::id)))
                .filter(participants::organization_id.eq(Id::of(actor.organization)))
                .filter($filter)
                .select($columns)
                .load($tx)
        } else {
            caseloads::table
                .inner_join($table::table.on($table::participant_id.eq(caseloads::participant_id)))
                .filter(caseloads::counselor_id.eq(Id::of(actor.account)))
                .filter($filter)
                .select($columns)
                .load($tx)
        }
    }};
}
