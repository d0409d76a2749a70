//! What all log entries of a participant share, whatever they are about.
//!
//! An entry is a fact, made on a phone that may have no network. It is never refused for a wrong clock or a delay. The
//! same content again is a repeat, a correction a new revision that keeps the old one, a withdrawal a tombstone.

use crate::account::ParticipantId;
use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How far ahead of the server a phone's clock may be before it is not believed.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Most revisions that one entry keeps.
pub const MOST_REVISIONS: i32 = 100;

id! {
    /// A correction of an entry, named by the phone.
    RevisionId
}
text! {
    /// Why an entry was corrected.
    Reason: 1 to 300, such as "Wrong time"
}

/// Why a change to an entry is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id is taken by other content.
    #[error("this id is taken by other content; send a correction, or a new entry under a new id")]
    Different,
    /// The entry was withdrawn.
    #[error("this entry was withdrawn; make a new one under a new id")]
    Withdrawn,
    /// There are as many revisions as are stored.
    #[error(
        "this was already corrected as often as possible; withdraw it, and make a new entry under a new id"
    )]
    TooManyRevisions,
}

/// What a phone sends of one kind of entry.
pub trait Draft: Clone + PartialEq {
    /// What names an entry of this kind, unique for its participant.
    type Id: Copy + Into<Uuid> + ToSchema;
    /// When it took place, by the phone's clock.
    fn occurred_at(&self) -> Moment;
    /// Where the phone was then. The entry counts on the local day of this zone.
    fn time_zone(&self) -> &TimeZone;
}

/// A correction: the whole entry as it should read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Correction<D> {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The entry as it should read.
    #[schema(inline)]
    pub entry: D,
}

/// What an entry said from one correction to the next; the first has the entry's own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revision<D> {
    /// Its id.
    pub id: RevisionId,
    /// Its number, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When the server received it.
    pub received_at: Moment,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The entry as sent.
    pub entry: D,
}

/// What a correction changes: the entry as it is afterwards, and the revisions to store. `None` if the same correction
/// came before.
pub type Corrected<T, D> = Option<(T, Vec<Revision<D>>)>;

/// An entry in its current revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Entry<D: Draft> {
    /// Its id.
    pub id: D::Id,
    /// Whose it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// What the phone sent, with later corrections in it.
    #[serde(flatten)]
    pub draft: D,
    /// The day it counts on, by its own time zone.
    pub local_day: Day,
    /// When the server first received it.
    pub received_at: Moment,
    /// Whether the phone's clock was more than 5 minutes ahead; `received_at` then counts as the time it took place.
    pub clock_suspect: bool,
    /// How often it was written: 1 until corrected.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub withdrawn_at: Option<Moment>,
}

impl<D: Draft> Entry<D> {
    /// A new entry. However late it comes, it counts on the local day it took place; if the phone's clock is ahead, on
    /// the day it was received.
    pub fn new(participant: ParticipantId, id: D::Id, draft: D, now: Moment) -> Self {
        let time = EntryTime::new(draft.occurred_at(), now);
        Self {
            id,
            participant,
            local_day: time.local_day(draft.time_zone()),
            draft,
            received_at: now,
            clock_suspect: time.clock_suspect,
            revision: 1,
            withdrawn_at: None,
        }
    }

    /// When it took place: by the phone's clock unless that was ahead.
    pub fn happened_at(&self) -> Moment {
        self.entry_time().effective_at()
    }

    fn entry_time(&self) -> EntryTime {
        let Self { received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at: self.draft.occurred_at(), received_at, clock_suspect }
    }

    /// What it says until its first correction.
    pub fn first_revision(&self) -> Revision<D> {
        let id = RevisionId::from(self.id.into());
        Revision { id, revision: 1, received_at: self.received_at, reason: None, entry: self.draft.clone() }
    }

    /// Whether what came again under its id is what was first sent; `revisions` are all, the first one first.
    pub fn same(&self, revisions: &[Revision<D>], again: &D) -> Result<(), Refusal> {
        not_withdrawn(self.withdrawn_at)?;
        same(&revisions.first().map(|first| &first.entry), &Some(again))
    }

    /// Corrects it: the entry as it is afterwards, and the revisions to store (at the first correction also the one
    /// before it); none if the same correction came before. `revisions` are all until now.
    pub fn correct(
        &self,
        revisions: &[Revision<D>],
        id: RevisionId,
        correction: &Correction<D>,
        now: Moment,
    ) -> Result<Corrected<Self, D>, Refusal> {
        let Correction { reason, entry } = correction.clone();
        if let Some(known) = revisions.iter().find(|known| known.id == id) {
            return same(&(&known.reason, &known.entry), &(&reason, &entry)).map(|()| None);
        }
        not_withdrawn(self.withdrawn_at)?;
        let revision = next(self.revision, id, self.id)?;
        let time = self.entry_time().corrected(entry.occurred_at(), now);
        let (local_day, clock_suspect) = (time.local_day(entry.time_zone()), time.clock_suspect);
        let draft = entry.clone();
        let corrected = Self { draft, local_day, clock_suspect, revision, ..self.clone() };
        let first = revisions.first().filter(|_| self.revision == 1).cloned();
        let new = Revision { id, revision, received_at: now, reason, entry };
        Ok(Some((corrected, first.into_iter().chain([new]).collect())))
    }

    /// Withdraws it; it counts in nothing any more. Of two withdrawals the first counts.
    #[must_use]
    pub fn withdraw(&self, now: Moment) -> Self {
        Self { withdrawn_at: withdrawn(self.withdrawn_at, now), ..self.clone() }
    }
}

/// Whether a phone's clock was ahead when it reported this time.
pub fn is_ahead(reported: Moment, now: Moment) -> bool {
    CLOCK_TOLERANCE < Timestamp::from(reported).duration_since(now.into())
}

/// Whether an entry can still be changed: not after it was withdrawn.
pub fn not_withdrawn(withdrawn_at: Option<Moment>) -> Result<(), Refusal> {
    if withdrawn_at.is_some() { Err(Refusal::Withdrawn) } else { Ok(()) }
}

/// Whether what came again under an id is what is stored under it.
pub fn same<T: PartialEq>(stored: &T, again: &T) -> Result<(), Refusal> {
    if stored == again { Ok(()) } else { Err(Refusal::Different) }
}

/// The number of a correction that comes after this revision. Its id is not that of the entry, which names
/// what was sent first.
fn next(revision: i32, id: RevisionId, entry: impl Into<Uuid>) -> Result<i32, Refusal> {
    match revision {
        _ if Uuid::from(id) == entry.into() => Err(Refusal::Different),
        MOST_REVISIONS.. => Err(Refusal::TooManyRevisions),
        _ => Ok(revision + 1),
    }
}

/// When an entry counts as withdrawn that is withdrawn now. Of two withdrawals the first counts.
#[must_use]
pub fn withdrawn(earlier: Option<Moment>, now: Moment) -> Option<Moment> {
    earlier.or(Some(now))
}

/// When an entry took place. However late it comes, it counts on the local day of that or, if the phone's clock was
/// ahead, on the day it was first received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryTime {
    /// By the phone's clock.
    pub occurred_at: Moment,
    /// When the server first received it.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead.
    pub clock_suspect: bool,
}

impl EntryTime {
    /// What a phone reports, received now.
    pub fn new(occurred_at: Moment, now: Moment) -> Self {
        Self { occurred_at, received_at: now, clock_suspect: is_ahead(occurred_at, now) }
    }

    /// What a correction reports, received now. It may be after the first receipt: the clock is compared with the
    /// server's at the time of the correction. A time from a clock that was ahead, left as it was, is still not
    /// believed, though the server's clock may have caught up with it.
    #[must_use]
    pub fn corrected(self, occurred_at: Moment, now: Moment) -> Self {
        let left = self.clock_suspect && occurred_at == self.occurred_at;
        Self { occurred_at, clock_suspect: left || is_ahead(occurred_at, now), ..self }
    }

    /// The time to believe: as reported or, where the phone's clock was ahead, when it was first received.
    pub fn effective_at(self) -> Moment {
        if self.clock_suspect { self.received_at } else { self.occurred_at }
    }

    /// The local day it counts on.
    pub fn local_day(self, zone: &TimeZone) -> Day {
        self.effective_at().local_day(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: i64 = 1_780_000_000;

    fn at(second: i64) -> Moment {
        Timestamp::from_second(second).unwrap().try_into().unwrap()
    }

    #[derive(Clone, Debug, PartialEq)]
    struct Walk {
        occurred_at: Moment,
        time_zone: TimeZone,
        minutes: u8,
    }
    impl Draft for Walk {
        type Id = RevisionId;
        fn occurred_at(&self) -> Moment {
            self.occurred_at
        }
        fn time_zone(&self) -> &TimeZone {
            &self.time_zone
        }
    }
    fn walk(occurred_at: Moment, minutes: u8) -> Walk {
        Walk { occurred_at, time_zone: TimeZone::try_from("America/New_York".to_owned()).unwrap(), minutes }
    }
    fn recorded(draft: Walk) -> Entry<Walk> {
        Entry::new(Uuid::from_u128(1).into(), id(2), draft, at(NOW))
    }
    fn id(number: u128) -> RevisionId {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn a_clock_that_is_ahead_is_flagged_until_it_is_corrected() {
        let entry = recorded(walk(at(NOW + 500_000), 5));
        assert_eq!((entry.clock_suspect, entry.happened_at()), (true, at(NOW)));
        let correction = Correction { reason: None, entry: walk(at(NOW - 9), 5) };
        let (corrected, _) =
            entry.correct(&[entry.first_revision()], id(9), &correction, at(NOW + 1)).unwrap().unwrap();
        assert_eq!((corrected.clock_suspect, corrected.happened_at()), (false, at(NOW - 9)));
    }

    #[test]
    fn a_correction_keeps_the_old_revision_and_what_was_first_sent_stays_the_same() {
        let before = recorded(walk(at(NOW - 9), 5));
        let first = [before.first_revision()];
        let reason = Some(Reason::try_from("Slipped".to_owned()).unwrap());
        let correction = Correction { reason, entry: walk(at(NOW - 9), 6) };
        let (corrected, revisions) =
            before.correct(&first, id(9), &correction, at(NOW + 1)).unwrap().unwrap();
        assert_eq!((corrected.revision, corrected.draft.minutes), (2, 6));
        assert_eq!(corrected.received_at, before.received_at);
        assert_eq!(
            revisions.iter().map(|one| (one.id, one.revision)).collect::<Vec<_>>(),
            [(id(2), 1), (id(9), 2)]
        );
        assert_eq!(corrected.same(&revisions, &before.draft), Ok(()));
        assert_eq!(corrected.same(&revisions, &corrected.draft), Err(Refusal::Different));
        let again = |id, correction| corrected.correct(&revisions, id, &correction, at(NOW + 2));
        assert_eq!(again(id(9), correction.clone()), Ok(None));
        let other = again(id(9), Correction { reason: None, ..correction.clone() });
        assert_eq!(other, Err(Refusal::Different));
        let (third, new) = again(id(10), correction).unwrap().unwrap();
        assert_eq!((third.revision, new.len()), (3, 1));
    }

    #[test]
    fn a_withdrawn_entry_changes_no_more() {
        let entry = recorded(walk(at(NOW - 9), 5));
        let gone = entry.withdraw(at(NOW + 1));
        assert_eq!(gone.withdraw(at(NOW + 2)), gone);
        let first = [gone.first_revision()];
        assert_eq!(gone.same(&first, &gone.draft), Err(Refusal::Withdrawn));
        let correction = Correction { reason: None, entry: walk(at(NOW), 6) };
        assert_eq!(gone.correct(&first, id(9), &correction, at(NOW + 2)), Err(Refusal::Withdrawn));
    }

    #[test]
    fn the_hundredth_correction_is_refused() {
        assert_eq!((next(1, id(7), id(1)), next(99, id(7), id(1))), (Ok(2), Ok(100)));
        assert_eq!(next(100, id(7), id(1)), Err(Refusal::TooManyRevisions));
        assert_eq!(next(1, id(1), id(1)), Err(Refusal::Different), "that is what was sent first");
    }

    proptest! {
        #[test]
        fn a_corrected_time_is_believed_unless_it_was_ahead_when_the_correction_came(
            reported in -500_000i64..500_000, first in -500_000i64..=0,
        ) {
            let (occurred_at, received_at) = (at(NOW + first - 1), at(NOW + first));
            let before = EntryTime { occurred_at, received_at, clock_suspect: false };
            let time = before.corrected(at(NOW + reported), at(NOW));
            let ahead = 300 < reported;
            let believed = at(NOW + if ahead { first } else { reported });
            prop_assert_eq!((time.effective_at(), time.clock_suspect), (believed, ahead));
        }

        #[test]
        fn a_time_that_was_not_believed_and_is_left_as_it_was_is_not_believed_later(
            ahead in 301i64..500_000, later in 0i64..1_000_000,
        ) {
            let (occurred_at, received_at) = (at(NOW + ahead), at(NOW));
            let before = EntryTime { occurred_at, received_at, clock_suspect: true };
            let corrected = |reported| before.corrected(reported, at(NOW + later));
            prop_assert_eq!(corrected(occurred_at).effective_at(), received_at);
            prop_assert_eq!(corrected(at(NOW - 1)).clock_suspect, false);
        }
    }
}
