//! Sober time with one substance, folded from starts and lapses in the order in which they happened.
//!
//! - A start begins a count if none is running; while one runs, it changes nothing. Of two starts without use
//!   between them the earlier one therefore counts.
//! - A correction that moves a start back adds an earlier start, so it can neither take days away nor reach
//!   across a lapse. One that moves it forward replaces it.
//! - A single use ends the count and begins a new one on that day. A return to use ends it until the next start.
//!   A near miss changes no count.
//! - Sober days are days of the calendar: today less the first day. The days of a run that ended stay in the
//!   lifetime count and in the longest run.
//! - A milestone once reached stays with its day, whatever a later lapse or correction makes of the count.

use super::lapse::{Lapse, LapseOutcome};
use super::milestone::{Anchor, Milestone, MilestoneCode};
use super::start::{Start, StartId};
use crate::craving::Substance;
use crate::value::{Day, Moment, TimeZone};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A milestone that was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reached {
    /// Its name.
    pub code: MilestoneCode,
    /// What the person reads.
    pub label: String,
    /// On which day.
    pub on: Day,
}

/// The milestone that comes next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Next {
    /// Its name.
    pub code: MilestoneCode,
    /// What the person reads.
    pub label: String,
    /// On which day.
    pub on: Day,
    /// How many days from today.
    #[schema(minimum = 0)]
    pub days_to_go: i32,
}

/// The count that is running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Run {
    /// Its first day.
    pub since: Day,
    /// Sober days.
    #[schema(minimum = 0)]
    pub days: i32,
    /// The milestones of this run, in order; some may have been reached in an earlier one too.
    pub milestones: Vec<MilestoneCode>,
}

/// A count that ended. Its days are still the person's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PastRun {
    /// Its first day.
    pub since: Day,
    /// The day it ended.
    pub until: Day,
    /// Sober days.
    #[schema(minimum = 0)]
    pub days: i32,
}

/// What there is to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// The count that is running; none before the first start and after a return to use.
    pub current: Option<Run>,
    /// Sober days in all runs together.
    #[schema(minimum = 0)]
    pub lifetime_days: i32,
    /// Sober days of the longest run, the current one included.
    #[schema(minimum = 0)]
    pub longest_days: i32,
    /// The runs that ended, in order.
    pub past: Vec<PastRun>,
    /// Every milestone that was ever reached, each once, with its first day.
    pub reached: Vec<Reached>,
    /// The milestone that the current run comes to next.
    pub next: Option<Next>,
}

/// The course of recovery with one substance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Course {
    /// Which.
    pub substance: Substance,
    /// Lapses with use.
    #[schema(minimum = 0)]
    pub lapses: i32,
    /// Times of coming close without use.
    #[schema(minimum = 0)]
    pub near_misses: i32,
    /// The day of the last lapse with use.
    pub last_lapse_on: Option<Day>,
    /// The counter; missing where the participant hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub count: Option<Count>,
}

impl Course {
    /// This course as the participant wants to see it. Milestones are kept from the whole one.
    #[must_use]
    pub fn shown(self, choice: CounterChoice) -> Self {
        if choice.hidden { Self { count: None, ..self } } else { self }
    }
}

/// Whether a participant wants to see the counter of a substance. Some find that counting weighs on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterChoice {
    /// Whether it is hidden.
    pub hidden: bool,
}

/// Folds the course with a substance from all starts and lapses of a participant, in any order. `kept` are the
/// milestones that were reached before; those in the answer that are not among them are new and are to be kept.
/// `zone` is the participant's, by which it is today.
pub fn course(
    substance: Substance,
    starts: &[Start],
    lapses: &[Lapse],
    kept: &[Reached],
    milestones: &[Milestone],
    zone: &TimeZone,
    now: Moment,
) -> Course {
    let starts: Vec<_> =
        starts.iter().filter(|one| one.substance == substance && one.withdrawn_at.is_none()).collect();
    let lapses: Vec<_> =
        lapses.iter().filter(|one| one.substance == substance && one.withdrawn_at.is_none()).collect();
    let uses = || lapses.iter().filter(|one| one.outcome.is_use());
    let clock = Clock { milestones, zone, now };
    Course {
        substance,
        lapses: number(uses().count()),
        near_misses: number(lapses.len() - uses().count()),
        last_lapse_on: uses().max_by_key(|one| (one.happened_at(), one.id)).map(|one| one.local_day),
        count: Some(count(&in_order(&starts, &lapses), kept, &clock)),
    }
}

fn number(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

/// Something that moves the count.
struct Event {
    /// Where it belongs among the others, with its id to settle a tie.
    order: (Moment, Uuid),
    /// Where a count begins or ends with it.
    anchor: Anchor,
    what: What,
}

enum What {
    Start,
    Lapse(LapseOutcome),
}

impl Event {
    fn of_start(start: &Start) -> Self {
        let begins = start.since.begins(&start.time_zone).unwrap_or(start.received_at);
        // Without a time, "since today" means now: after a lapse of this morning, not before it.
        let end = start.since.plus(1).begins(&start.time_zone).unwrap_or(start.received_at);
        let last = end.plus(SignedDuration::from_micros(-1));
        Self {
            order: (start.at.unwrap_or(start.said_at().min(last).max(begins)), start.id.into()),
            anchor: Anchor { day: start.since, at: start.at.unwrap_or(begins) },
            what: What::Start,
        }
    }

    fn of_lapse(lapse: &Lapse) -> Self {
        Self {
            order: (lapse.happened_at(), lapse.id.into()),
            anchor: Anchor { day: lapse.local_day, at: lapse.happened_at() },
            what: What::Lapse(lapse.outcome),
        }
    }
}

/// All that moves the count, in the order in which it happened, corrections applied.
fn in_order(starts: &[&Start], lapses: &[&Lapse]) -> Vec<Event> {
    let mut told: BTreeMap<StartId, Vec<&Start>> = BTreeMap::new();
    for start in starts {
        if let Some(root) = root(start, starts) {
            told.entry(root.id).or_default().push(start);
        }
    }
    let mut events = Vec::new();
    for mut told in told.into_values() {
        // What was told first is the start itself, whatever its clock said.
        told.sort_by_key(|one| (one.corrects.is_some(), one.said_at(), one.id));
        let mut standing = told.into_iter().rev().peekable();
        while let Some(start) = standing.next() {
            events.push(Event::of_start(start));
            // Moved back, the start before still holds: what was sober after it stays sober.
            if standing.peek().is_none_or(|before| before.since <= start.since) {
                break;
            }
        }
    }
    events.extend(lapses.iter().map(|lapse| Event::of_lapse(lapse)));
    events.sort_by_key(|event| event.order);
    events
}

/// The start that a correction, or a correction of a correction, is about; none if it has not come yet.
fn root<'a>(start: &'a Start, starts: &[&'a Start]) -> Option<&'a Start> {
    let mut root = start;
    // At most as many steps as there are starts, so that two that name each other end it.
    for _ in 0..=starts.len() {
        let Some(corrects) = root.corrects else { return Some(root) };
        root = starts.iter().find(|one| one.id == corrects)?;
    }
    None
}

/// By what the count is read.
struct Clock<'a> {
    milestones: &'a [Milestone],
    zone: &'a TimeZone,
    now: Moment,
}

impl Clock<'_> {
    /// The milestones of a run up to an end, in order of their days.
    fn reached(&self, since: Anchor, end: Anchor) -> Vec<Reached> {
        let mut reached: Vec<_> = self
            .milestones
            .iter()
            .filter_map(|milestone| {
                let (on, at) = milestone.due(since, self.zone)?;
                let is_reached = at.map_or(on <= end.day, |at| at <= end.at);
                let Milestone { code, label, .. } = milestone.clone();
                is_reached.then_some(Reached { code, label, on })
            })
            .collect();
        reached.sort_by_key(|one| one.on);
        reached
    }

    fn next(&self, since: Anchor, reached: &[Reached], today: Day) -> Option<Next> {
        let ahead = self.milestones.iter().filter(|one| reached.iter().all(|past| past.code != one.code));
        let due = ahead.filter_map(|one| Some((one.due(since, self.zone)?.0, one)));
        let (on, milestone) = due.min_by_key(|(on, _)| *on)?;
        let Milestone { code, label, .. } = milestone.clone();
        Some(Next { code, label, on, days_to_go: today.until(on).max(0) })
    }
}

enum State {
    /// Nothing was told yet.
    Fresh,
    /// A count is running.
    Running(Anchor),
    /// There was a return to use.
    Using,
}

fn count(events: &[Event], kept: &[Reached], clock: &Clock<'_>) -> Count {
    let mut count = Count { reached: kept.to_vec(), ..Count::default() };
    let mut found = Vec::new();
    let mut state = State::Fresh;
    let mut last_lapse: Option<Moment> = None;
    for event in events {
        match (&state, &event.what) {
            (_, What::Lapse(LapseOutcome::NearMiss)) | (State::Running(_), What::Start) => {}
            (State::Fresh | State::Using, What::Start) => {
                // A day that counts from its beginning does not begin before a lapse of that same day.
                let at = last_lapse.map_or(event.anchor.at, |lapse| lapse.max(event.anchor.at));
                state = State::Running(Anchor { at, ..event.anchor });
            }
            (before, What::Lapse(outcome)) => {
                if let State::Running(since) = before {
                    found.extend(clock.reached(*since, event.anchor));
                    let days = since.day.until(event.anchor.day).max(0);
                    count.past.push(PastRun { since: since.day, until: event.anchor.day, days });
                }
                state = match (before, outcome) {
                    (State::Fresh | State::Running(_), LapseOutcome::SingleUse) => {
                        State::Running(event.anchor)
                    }
                    _ => State::Using,
                };
                last_lapse = Some(event.anchor.at);
            }
        }
    }
    if let State::Running(since) = state {
        let today = clock.now.local_day(clock.zone);
        let reached = clock.reached(since, Anchor { day: today, at: clock.now });
        count.next = clock.next(since, &reached, today);
        let milestones = reached.iter().map(|one| one.code.clone()).collect();
        count.current = Some(Run { since: since.day, days: since.day.until(today).max(0), milestones });
        found.extend(reached);
    }
    // The first time counts; what was kept keeps the day it was celebrated.
    found.sort_by_key(|one| one.on);
    for one in found {
        if count.reached.iter().all(|known| known.code != one.code) {
            count.reached.push(one);
        }
    }
    count.reached.sort_by(|a, b| (a.on, &a.code).cmp(&(b.on, &b.code)));
    let runs = || count.past.iter().map(|run| run.days).chain(count.current.iter().map(|run| run.days));
    (count.lifetime_days, count.longest_days) = (runs().sum(), runs().max().unwrap_or(0));
    count
}

#[cfg(test)]
mod tests;
