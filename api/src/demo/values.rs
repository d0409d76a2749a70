//! Values of the demonstration.

use evenkeel_domain::value::{BoundedSet, Day, Moment, TimeZone};
use jiff::{SignedDuration, civil};

use crate::app::problem::Problem;

/// Days of logs, today included.
pub(super) const DAYS: i32 = 12 * 7;

pub(super) fn value<T: TryFrom<String, Error: std::fmt::Display>>(text: &str) -> Result<T, Problem> {
    T::try_from(text.to_owned()).map_err(Problem::internal)
}

pub(super) fn later(at: Moment, minutes: i64) -> Moment {
    at.plus(SignedDuration::from_mins(minutes))
}

/// The moment of an hour, a minute and a second of a day.
pub(super) fn instant(day: Day, [hour, minute, second]: [i8; 3], zone: &TimeZone) -> Option<Moment> {
    let local = civil::Date::from(day).at(hour, minute, second, 0).to_zoned(zone.rules()).ok()?;
    local.timestamp().try_into().ok()
}

pub(super) fn few<T: Ord + Clone, const MOST: usize>(members: Vec<T>) -> BoundedSet<T, MOST> {
    members.try_into().unwrap_or_default()
}
