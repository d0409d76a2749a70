//! The revisions of a log entry, for every kind of entry.

/// The queries on the revisions of one kind of log entry. The first argument is the column with the id of the entry.
macro_rules! revisions {
    ($revisions:ident.$of:ident, $entry:ty, $draft:ty) => {
        #[derive(::diesel::Queryable, ::diesel::Selectable, ::diesel::Insertable)]
        #[diesel(table_name = $revisions, treat_none_as_default_value = false)]
        struct RevisionRow {
            id: Stored<::evenkeel_domain::log_entry::RevisionId>,
            revision: i32,
            received_at: Stored<Moment>,
            reason: Stored<Option<::evenkeel_domain::log_entry::Reason>>,
            draft: AsJson<$draft>,
        }

        /// All revisions of an entry, the oldest first, at least one. The only revision of an entry that was never
        /// corrected is stored in the entry itself.
        pub fn revisions(tx: &mut Tx, grant: &Grant, entry: &$entry) -> Result<Vec<Revision<$draft>>, Error> {
            if entry.revision == 1 {
                return Ok(vec![entry.first_revision()]);
            }
            let rows = $revisions::table
                .filter($revisions::participant_id.eq(Stored(grant.participant())))
                .filter($revisions::$of.eq(Stored(entry.id)))
                .order($revisions::revision)
                .select(RevisionRow::as_select())
                .load(tx)?;
            let revision = |row: RevisionRow| Revision {
                id: row.id.0,
                revision: row.revision,
                received_at: row.received_at.0,
                reason: row.reason.0,
                entry: row.draft.0,
            };
            Ok(rows.into_iter().map(revision).collect())
        }

        /// Stores a corrected entry and its new revisions.
        pub fn correct(
            tx: &mut Tx,
            grant: &Grant,
            corrected: &$entry,
            revisions: Vec<Revision<$draft>>,
        ) -> Result<(), Error> {
            for Revision { id, revision, received_at, reason, entry } in revisions {
                let (id, received_at, reason) = (Stored(id), Stored(received_at), Stored(reason));
                let row = (
                    $revisions::participant_id.eq(Stored(grant.participant())),
                    $revisions::$of.eq(Stored(corrected.id)),
                    RevisionRow { id, revision, received_at, reason, draft: AsJson(entry) },
                );
                diesel::insert_into($revisions::table).values(row).execute(tx)?;
            }
            put(tx, grant, corrected)
        }
    };
}
