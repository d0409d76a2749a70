//! What all log entries of a participant share, whatever they tell of.
//!
//! An entry is a fact, made on a phone that may have no network. It is refused for no clock and no delay. The
//! same content again is a repeat, a correction a new revision that keeps the old one, a withdrawal a tombstone.

use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, Timestamp};

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

/// Why a change to an entry is not made. Each module says it in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The id already stands for other content.
    Different,
    /// The entry was withdrawn.
    Withdrawn,
    /// There are as many revisions as are kept.
    TooManyRevisions,
}

/// Whether a phone's clock was ahead when it told this time.
pub fn is_ahead(told: Moment, now: Moment) -> bool {
    CLOCK_TOLERANCE < Timestamp::from(told).duration_since(now.into())
}

/// The time to believe: as told, however long ago that is, or `now` if the phone's clock was ahead.
pub fn believed(told: Moment, now: Moment) -> Moment {
    EntryTime { occurred_at: told, received_at: now, clock_suspect: is_ahead(told, now) }.effective_at()
}

/// Whether an entry can still be changed.
pub fn standing(withdrawn_at: Option<Moment>) -> Result<(), Refusal> {
    if withdrawn_at.is_some() { Err(Refusal::Withdrawn) } else { Ok(()) }
}

/// Whether what came again under an id is what it stands for.
pub fn same<T: PartialEq>(kept: &T, again: &T) -> Result<(), Refusal> {
    if kept == again { Ok(()) } else { Err(Refusal::Different) }
}

/// The number of a correction that comes after this revision. Its id is not that of the entry, which stands for what
/// was sent first.
pub fn next(revision: i32, id: RevisionId, entry: impl Into<uuid::Uuid>) -> Result<i32, Refusal> {
    match revision {
        _ if uuid::Uuid::from(id) == entry.into() => Err(Refusal::Different),
        MOST_REVISIONS.. => Err(Refusal::TooManyRevisions),
        _ => Ok(revision + 1),
    }
}

/// The revisions to keep when an entry of this revision is corrected: the new one, and at the first correction
/// also the one before it, which was nowhere but in the entry itself.
pub fn kept<R>(revision: i32, before: impl FnOnce() -> R, new: R) -> Vec<R> {
    (revision == 1).then(before).into_iter().chain([new]).collect()
}

/// When an entry counts as withdrawn that is withdrawn now. Done twice, the first time stands.
#[must_use]
pub fn withdrawn(earlier: Option<Moment>, now: Moment) -> Option<Moment> {
    earlier.or(Some(now))
}

/// What an entry that stands says of when it took place.
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
    /// When it took place: as told or, where the phone's clock was ahead, when it was first received.
    pub fn effective_at(self) -> Moment {
        if self.clock_suspect { self.received_at } else { self.occurred_at }
    }
}

/// When something logged took place. However late it comes, it counts on the local day it was; told from the
/// future, on the day it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The time to believe.
    pub at: Moment,
    /// The local day of that.
    pub day: Day,
    /// Whether the phone's clock was ahead; `at` is then when it was first received.
    pub clock_suspect: bool,
}

impl Told {
    /// What a phone told, received now.
    pub fn new(occurred_at: Moment, zone: &TimeZone, now: Moment) -> Self {
        Self::held(
            EntryTime { occurred_at, received_at: now, clock_suspect: is_ahead(occurred_at, now) },
            zone,
        )
    }

    /// What a correction told, received now. It may lie after the first receipt: the clock is held against that of
    /// the server when the correction came. A time that was told by a clock ahead and is left as it was is believed
    /// no more than before, though the server's clock may have caught up with it.
    pub fn corrected(occurred_at: Moment, zone: &TimeZone, before: EntryTime, now: Moment) -> Self {
        let left = before.clock_suspect && occurred_at == before.occurred_at;
        let clock_suspect = left || is_ahead(occurred_at, now);
        Self::held(EntryTime { occurred_at, clock_suspect, ..before }, zone)
    }

    fn held(entry_time: EntryTime, zone: &TimeZone) -> Self {
        let at = entry_time.effective_at();
        Self { at, day: at.local_day(zone), clock_suspect: entry_time.clock_suspect }
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

    #[test]
    fn the_hundredth_correction_is_refused() {
        let id = |number| RevisionId::from(uuid::Uuid::from_u128(number));
        assert_eq!((next(1, id(7), id(1)), next(99, id(7), id(1))), (Ok(2), Ok(100)));
        assert_eq!(next(100, id(7), id(1)), Err(Refusal::TooManyRevisions));
        assert_eq!(next(1, id(1), id(1)), Err(Refusal::Different), "that is what was sent first");
    }

    proptest! {
        #[test]
        fn a_corrected_time_is_believed_unless_it_was_ahead_when_the_correction_came(
            told in -500_000i64..500_000, first in -500_000i64..=0,
        ) {
            let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
            let (occurred_at, received_at) = (at(NOW + first - 1), at(NOW + first));
            let before = EntryTime { occurred_at, received_at, clock_suspect: false };
            let Told { at: believed, day, clock_suspect } =
                Told::corrected(at(NOW + told), &zone, before, at(NOW));
            let ahead = 300 < told;
            prop_assert_eq!((believed, clock_suspect), (at(NOW + if ahead { first } else { told }), ahead));
            prop_assert_eq!(day, believed.local_day(&zone));
            let entry_time = EntryTime { occurred_at: at(NOW + told), clock_suspect, ..before };
            prop_assert_eq!(entry_time.effective_at(), believed);
        }

        #[test]
        fn a_time_that_was_not_believed_and_is_left_as_it_was_is_not_believed_later(
            ahead in 301i64..500_000, later in 0i64..1_000_000,
        ) {
            let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
            let (occurred_at, received_at) = (at(NOW + ahead), at(NOW));
            let before = EntryTime { occurred_at, received_at, clock_suspect: true };
            let corrected = |told| Told::corrected(told, &zone, before, at(NOW + later));
            prop_assert_eq!((corrected(occurred_at).at, corrected(occurred_at).clock_suspect), (received_at, true));
            prop_assert_eq!(corrected(at(NOW - 1)).clock_suspect, false);
        }
    }
}
