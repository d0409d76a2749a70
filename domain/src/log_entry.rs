//! What all log entries of a participant share, whatever they tell of.
//!
//! An entry is a fact, made on a phone that may have no network. It is refused for no clock and no delay. The
//! same content again is a repeat, a correction a new revision that keeps the old one, a withdrawal a tombstone.

use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// How far ahead of the server a phone's clock may be before it is not believed.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

id! {
    /// A correction of an entry, named by the phone.
    RevisionId
}
text! {
    /// Why an entry was corrected.
    Reason: 1 to 300, such as "Wrong time"
}

/// Why a change to an entry is not made. Each room says it in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The id already stands for other content.
    Different,
    /// The entry was withdrawn.
    Withdrawn,
}

/// Whether a phone's clock was ahead when it told this time.
pub fn is_ahead(told: Moment, now: Moment) -> bool {
    CLOCK_TOLERANCE < Timestamp::from(told).duration_since(now.into())
}

/// The time to believe: as told, however long ago that is, or `now` if the phone's clock was ahead.
pub fn believed(told: Moment, now: Moment) -> Moment {
    took_place(told, now, is_ahead(told, now))
}

/// Whether an entry can still be changed.
pub fn standing(withdrawn_at: Option<Moment>) -> Result<(), Refusal> {
    if withdrawn_at.is_some() { Err(Refusal::Withdrawn) } else { Ok(()) }
}

/// Whether what came again under an id is what it stands for.
pub fn same<T: PartialEq>(kept: &T, again: &T) -> Result<(), Refusal> {
    if kept == again { Ok(()) } else { Err(Refusal::Different) }
}

/// Whether a correction can have this id: that of the entry stands for what was sent first.
pub fn named(revision: RevisionId, entry: impl Into<uuid::Uuid>) -> Result<(), Refusal> {
    if uuid::Uuid::from(revision) == entry.into() { Err(Refusal::Different) } else { Ok(()) }
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

/// When an entry that stands took place: as told or, where the phone's clock was ahead, when it was first received.
pub fn took_place(occurred_at: Moment, received_at: Moment, clock_suspect: bool) -> Moment {
    if clock_suspect { received_at } else { occurred_at }
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
        Self::corrected(occurred_at, zone, now, now)
    }

    /// What a correction told, received now, of an entry that was first received at an instant. It may lie after
    /// that: the clock is held against that of the server when the correction came.
    pub fn corrected(occurred_at: Moment, zone: &TimeZone, received_at: Moment, now: Moment) -> Self {
        let clock_suspect = is_ahead(occurred_at, now);
        let at = took_place(occurred_at, received_at, clock_suspect);
        Self { at, day: at.local_day(zone), clock_suspect }
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

    proptest! {
        #[test]
        fn a_corrected_time_is_believed_unless_it_was_ahead_when_the_correction_came(
            told in -500_000i64..500_000, first in -500_000i64..=0,
        ) {
            let zone = TimeZone::try_from("America/New_York".to_owned()).unwrap();
            let Told { at: believed, day, clock_suspect } =
                Told::corrected(at(NOW + told), &zone, at(NOW + first), at(NOW));
            let ahead = 300 < told;
            prop_assert_eq!((believed, clock_suspect), (at(NOW + if ahead { first } else { told }), ahead));
            prop_assert_eq!(day, believed.local_day(&zone));
            prop_assert_eq!(took_place(at(NOW + told), at(NOW + first), clock_suspect), believed);
        }
    }
}
