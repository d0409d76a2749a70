//! What all log entries of a participant share, whatever they tell of.
//!
//! An entry is a fact, made on a phone that may have no network. It is refused for no clock and no delay.

use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// How far ahead of the server a phone's clock may be before it is not believed.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Whether a phone's clock was ahead when it told this time.
pub fn is_ahead(told: Moment, now: Moment) -> bool {
    CLOCK_TOLERANCE < Timestamp::from(told).duration_since(now.into())
}

/// The time to believe: as told, however long ago that is, or `now` if the phone's clock was ahead.
pub fn believed(told: Moment, now: Moment) -> Moment {
    if is_ahead(told, now) { now } else { told }
}

/// When something logged took place. However late it comes, it counts on the local day it was; told from the
/// future, on the day it was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The time to believe.
    pub at: Moment,
    /// The local day of that.
    pub day: Day,
    /// Whether the phone's clock was ahead; `at` is then when it was received.
    pub clock_suspect: bool,
}

impl Told {
    /// What a phone told, received at an instant.
    pub fn new(occurred_at: Moment, zone: &TimeZone, received_at: Moment) -> Self {
        let at = believed(occurred_at, received_at);
        Self { at, day: at.local_day(zone), clock_suspect: is_ahead(occurred_at, received_at) }
    }
}
