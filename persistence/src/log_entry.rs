//! What all log entries share: the revisions of one that was corrected.

/// The queries on the revisions of one kind of log entry, named by the column of its content, the column of a
/// revision that names it, and the member of a revision that holds the content.
macro_rules! revisions {
    ($entries:ident.$content:ident, $revisions:ident.$entry:ident, $id:ty, $revision:ident.$member:ident: $draft:ty) => {
        /// What the phone sent under this id the first time, to tell a repeated request from a clash.
        pub fn first_sent(tx: &mut Tx, grant: &Grant, id: $id) -> Result<Option<$draft>, Error> {
            let of = (Id::of(grant.participant()), Id::of(id));
            let earlier: Option<Json> = $revisions::table
                .find((of.0, of.1, 1))
                .select($revisions::draft)
                .get_result(tx)
                .optional()?;
            let draft = match earlier {
                Some(draft) => Some(draft),
                None => $entries::table.find(of).select($entries::$content).get_result(tx).optional()?,
            };
            draft.as_ref().map(Json::read).transpose()
        }

        /// Keeps a revision; every one of an entry that was corrected is kept, the first and the present one too.
        pub fn keep_revision(tx: &mut Tx, grant: &Grant, id: $id, revision: &$revision) -> Result<(), Error> {
            let row = (
                $revisions::participant_id.eq(Id::of(grant.participant())),
                $revisions::$entry.eq(Id::of(id)),
                $revisions::revision.eq(revision.revision),
                $revisions::id.eq(Id::of(revision.id)),
                $revisions::received_at.eq(At(revision.received_at)),
                $revisions::reason.eq(revision.reason.as_ref().map(AsRef::<str>::as_ref)),
                $revisions::draft.eq(Json::of(&revision.$member)?),
            );
            diesel::insert_into($revisions::table).values(row).execute(tx)?;
            Ok(())
        }

        /// The revisions of an entry that was corrected, the first one first; none if it never was.
        pub fn revisions(tx: &mut Tx, grant: &Grant, id: $id) -> Result<Vec<$revision>, Error> {
            let rows: Vec<(Id, i32, At, Option<String>, Json)> = $revisions::table
                .filter($revisions::participant_id.eq(Id::of(grant.participant())))
                .filter($revisions::$entry.eq(Id::of(id)))
                .order($revisions::revision)
                .select((
                    $revisions::id,
                    $revisions::revision,
                    $revisions::received_at,
                    $revisions::reason,
                    $revisions::draft,
                ))
                .load(tx)?;
            rows.into_iter()
                .map(|(id, revision, received_at, reason, draft)| {
                    Ok($revision {
                        id: id.to(),
                        revision,
                        received_at: received_at.0,
                        reason: reason.map(read).transpose()?,
                        $member: draft.read()?,
                    })
                })
                .collect()
        }
    };
}
