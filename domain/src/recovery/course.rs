//! Sober time with one substance, computed from sobriety dates and lapses in the order in which they happened.
//!
//! - A sobriety date begins a count if none is running. While one is running, it changes nothing. So of two sobriety
//!   dates without use between them, the earlier one counts.
//! - A correction that moves a sobriety date back adds an earlier one, so it can neither remove days nor continue a
//!   count across a lapse. One that moves it forward replaces it. If a sobriety date is withdrawn, its corrections
//!   stay.
//! - A single use ends the count and begins a new one on that day, unless a later sobriety date names another day. A
//!   return to use ends the count until the next sobriety date. A close call changes no count.
//! - Sober days are calendar days: today minus the first day. The days of a past period stay in the lifetime count and
//!   in the longest period.
//! - A milestone stays as long as the period in which it was reached. A lapse removes no milestone that was reached
//!   before the lapse was reported, however long ago it happened.

use super::lapse::{Lapse, LapseOutcome};
use super::milestone::{Anchor, Milestone, MilestoneCode};
use super::sobriety_date::{SobrietyDate, SobrietyDateId, chain};
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
    /// The text for the person.
    pub label: String,
    /// The day.
    pub on: Day,
}

/// The next milestone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Next {
    /// Its name.
    pub code: MilestoneCode,
    /// The text for the person.
    pub label: String,
    /// The day.
    pub on: Day,
    /// How many days from today.
    #[schema(minimum = 0)]
    pub days_to_go: i32,
}

/// The current abstinence period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CurrentPeriod {
    /// Its first day.
    pub since: Day,
    /// Sober days.
    #[schema(minimum = 0)]
    pub days: i32,
    /// The milestones of this period, in order. Some may have been reached in an earlier period too.
    pub milestones: Vec<MilestoneCode>,
}

/// A past abstinence period. Its days still count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PastPeriod {
    /// Its first day.
    pub since: Day,
    /// The day it ended.
    pub until: Day,
    /// Sober days.
    #[schema(minimum = 0)]
    pub days: i32,
}

/// The counter of sober time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// The current period; null before the first sobriety date and after a return to use.
    pub current: Option<CurrentPeriod>,
    /// Sober days in all periods together.
    #[schema(minimum = 0)]
    pub lifetime_days: i32,
    /// Sober days of the longest period, the current one included.
    #[schema(minimum = 0)]
    pub longest_days: i32,
    /// The past periods, in order.
    pub past: Vec<PastPeriod>,
    /// Every milestone that was ever reached, each once, with the first day on which it was reached.
    pub reached: Vec<Reached>,
    /// The next milestone of the current period.
    pub next: Option<Next>,
}

/// The course of recovery with one substance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Course {
    /// The substance.
    pub substance: Substance,
    /// Lapses with use.
    #[schema(minimum = 0)]
    pub lapses: i32,
    /// Close calls.
    #[schema(minimum = 0)]
    pub close_calls: i32,
    /// The day of the last lapse with use.
    pub last_lapse_on: Option<Day>,
    /// The counter; missing if the participant hides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub count: Option<Count>,
}

impl Course {
    /// This course as the participant wants to see it.
    #[must_use]
    pub fn shown(self, choice: CounterChoice) -> Self {
        if choice.hidden { Self { count: None, ..self } } else { self }
    }
}

/// Whether a participant hides the counter of a substance. Counting days is hard for some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterChoice {
    /// Whether it is hidden.
    pub hidden: bool,
}

words! {
    /// What a sobriety date changes in the count.
    SobrietyDateEffect {
        /// A count begins with it.
        Begins = "begins",
        /// Nothing: a count was already running on its day. Report use in between as a lapse, and correct a wrong day.
        AlreadyRunning = "already_running",
        /// Nothing: a later correction replaced it.
        Corrected = "corrected",
        /// Nothing yet: the sobriety date that it corrects has not arrived.
        Waits = "waits",
    }
}

/// The course with a substance, from all sobriety dates and lapses of a participant in any order, withdrawn ones
/// included. `zone` is the participant's time zone.
pub fn course(
    substance: Substance,
    starts: &[SobrietyDate],
    lapses: &[Lapse],
    milestones: &[Milestone],
    zone: &TimeZone,
    now: Moment,
) -> Course {
    let reported = || current(substance, lapses);
    let uses = || reported().filter(|one| one.draft.outcome.is_use());
    let periods = periods(&in_order(substance, starts, lapses));
    Course {
        substance,
        lapses: number(uses().count()),
        close_calls: number(reported().count() - uses().count()),
        last_lapse_on: uses().max_by_key(|one| (one.happened_at(), one.id)).map(|one| one.local_day),
        count: Some(count(&periods, &Clock { milestones, zone, now })),
    }
}

/// What a sobriety date changes in its course.
pub fn effect(start: &SobrietyDate, starts: &[SobrietyDate], lapses: &[Lapse]) -> SobrietyDateEffect {
    let events = in_order(start.substance, starts, lapses);
    let is_latest = |event: &Event| matches!(event.what, What::SobrietyDate { id, is_latest: true, .. } if id == start.id);
    if periods(&events).iter().any(|period| period.begun_by == Some(start.id)) {
        SobrietyDateEffect::Begins
    } else if events.iter().any(is_latest) {
        SobrietyDateEffect::AlreadyRunning
    } else if root(start, &starts.iter().collect::<Vec<_>>()).is_some() {
        SobrietyDateEffect::Corrected
    } else {
        SobrietyDateEffect::Waits
    }
}

fn current(substance: Substance, lapses: &[Lapse]) -> impl Iterator<Item = &Lapse> {
    lapses.iter().filter(move |one| one.draft.substance == substance && one.withdrawn_at.is_none())
}

fn number(of: usize) -> i32 {
    i32::try_from(of).unwrap_or(i32::MAX)
}

/// Something that changes the count.
struct Event {
    /// Its place among the events: its time, and its id if two have the same time.
    order: (Moment, Uuid),
    /// When a count begins or ends with it.
    anchor: Anchor,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    SobrietyDate {
        id: SobrietyDateId,
        /// Whether it is the latest correction.
        is_latest: bool,
        /// Whether it replaces the first day of a count that a single use began.
        sets_first_day: bool,
    },
    Use {
        single: bool,
        /// When this use or one after it was first reported.
        reported: Anchor,
    },
}

impl Event {
    fn of_start(start: &SobrietyDate) -> Self {
        let begins = start.since.begins(&start.time_zone).unwrap_or(start.received_at);
        // Without a time, "since today" means since now: after a lapse of this morning, not before it.
        let end = start.since.plus(1).begins(&start.time_zone).unwrap_or(start.received_at);
        let last = end.plus(SignedDuration::from_micros(-1));
        Self {
            order: (start.at.unwrap_or(start.said_at().min(last).max(begins)), start.id.into()),
            anchor: Anchor { day: start.since, at: start.at.unwrap_or(begins) },
            what: What::SobrietyDate { id: start.id, is_latest: false, sets_first_day: false },
        }
    }

    fn of_use(lapse: &Lapse) -> Self {
        let anchor = Anchor { day: lapse.local_day, at: lapse.happened_at() };
        let reported_at = lapse.use_reported_at.unwrap_or(lapse.received_at);
        let reported = Anchor {
            day: reported_at.local_day(&lapse.draft.time_zone).max(anchor.day),
            at: reported_at.max(anchor.at),
        };
        let single = lapse.draft.outcome == LapseOutcome::SingleLapse;
        Self { order: (anchor.at, lapse.id.into()), anchor, what: What::Use { single, reported } }
    }
}

/// The events in the order in which they happened, with corrections applied.
fn in_order(substance: Substance, starts: &[SobrietyDate], lapses: &[Lapse]) -> Vec<Event> {
    let starts: Vec<_> = starts.iter().filter(|one| one.substance == substance).collect();
    let mut chains: BTreeMap<SobrietyDateId, Vec<&SobrietyDate>> = BTreeMap::new();
    for start in starts.iter().filter(|one| one.withdrawn_at.is_none()) {
        if let Some(root) = root(start, &starts) {
            chains.entry(root.id).or_default().push(start);
        }
    }
    let lapses = current(substance, lapses).filter(|one| one.draft.outcome.is_use());
    let mut events: Vec<_> = lapses.map(Event::of_use).collect();
    let uses: Vec<_> = events.iter().map(|event| event.order).collect();
    for mut chain in chains.into_values() {
        // The original comes first, whatever time its clock showed.
        chain.sort_by_key(|one| (one.corrects.is_some(), one.said_at(), one.id));
        let mut moved_back = Vec::new();
        let mut said = chain.into_iter().rev().peekable();
        while let Some(start) = said.next() {
            moved_back.push(Event::of_start(start));
            // If the date was moved back, the one before still counts: the days after it stay sober.
            if said.peek().is_none_or(|before| before.since <= start.since) {
                break;
            }
        }
        let last = moved_back.last().map(|event| event.order);
        if let Some(Event { order, what: What::SobrietyDate { is_latest, sets_first_day, .. }, .. }) =
            moved_back.first_mut()
        {
            *is_latest = true;
            // If it was moved back across a use, it would remove days from a count that an earlier use began.
            *sets_first_day = !uses.iter().any(|at| *order < *at && last.is_some_and(|last| *at < last));
        }
        events.append(&mut moved_back);
    }
    events.sort_by_key(|event| event.order);
    let mut first: Option<Anchor> = None;
    for event in events.iter_mut().rev() {
        if let What::Use { reported, .. } = &mut event.what {
            *reported = first.filter(|first| first.at < reported.at).unwrap_or(*reported);
            first = Some(*reported);
        }
    }
    events
}

/// The original sobriety date of a correction, or of a correction of a correction; none if it has not arrived yet.
fn root<'a>(start: &'a SobrietyDate, starts: &[&'a SobrietyDate]) -> Option<&'a SobrietyDate> {
    let last = chain(start.corrects, starts).last().copied().unwrap_or(start);
    last.corrects.is_none().then_some(last)
}

/// What the count depends on besides its events.
struct Clock<'a> {
    milestones: &'a [Milestone],
    zone: &'a TimeZone,
    now: Moment,
}

impl Clock<'_> {
    /// The milestones of a period up to `end`, in the order of their days.
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

/// A period, from its beginning to the use that ended it.
struct Period {
    since: Anchor,
    /// The sobriety date that began it; none if a single use did.
    begun_by: Option<SobrietyDateId>,
    ended: Option<Ended>,
}

struct Ended {
    at: Anchor,
    /// When the use that ended it, or one after it, was first reported.
    reported: Anchor,
}

enum State {
    /// Nothing was reported.
    Fresh,
    /// A count is running since a single use. `first` is the first sobriety date after it, which begins the count
    /// once one sets the first day.
    Presumed { since: Anchor, first: Option<(Anchor, SobrietyDateId)> },
    /// A count is running since a sobriety date.
    Running { since: Anchor, by: SobrietyDateId },
    /// There was a return to use.
    Using,
}

impl State {
    fn period(&self, ended: Option<Ended>) -> Option<Period> {
        match self {
            Self::Fresh | Self::Using => None,
            Self::Presumed { since, .. } => Some(Period { since: *since, begun_by: None, ended }),
            Self::Running { since, by } => Some(Period { since: *since, begun_by: Some(*by), ended }),
        }
    }
}

/// The periods in order. If no use ended the last one, it is the current one.
fn periods(events: &[Event]) -> Vec<Period> {
    let mut periods = Vec::new();
    let mut state = State::Fresh;
    let mut last_use: Option<Moment> = None;
    for Event { anchor, what, .. } in events {
        // A sobriety date without a time does not begin before a lapse of the same day.
        let begin = Anchor { at: last_use.map_or(anchor.at, |last| last.max(anchor.at)), ..*anchor };
        state = match (state, *what) {
            (State::Fresh | State::Using, What::SobrietyDate { id, .. }) => {
                State::Running { since: begin, by: id }
            }
            (State::Presumed { since, first }, What::SobrietyDate { id, sets_first_day, .. }) => {
                let (begin, by) = first.unwrap_or((begin, id));
                if sets_first_day {
                    State::Running { since: begin, by }
                } else {
                    State::Presumed { since, first: Some((begin, by)) }
                }
            }
            (running @ State::Running { .. }, What::SobrietyDate { .. }) => running,
            (before, What::Use { single, reported }) => {
                periods.extend(before.period(Some(Ended { at: *anchor, reported })));
                last_use = Some(anchor.at);
                if single && !matches!(before, State::Using) {
                    State::Presumed { since: *anchor, first: None }
                } else {
                    State::Using
                }
            }
        };
    }
    periods.extend(state.period(None));
    periods
}

fn count(periods: &[Period], clock: &Clock<'_>) -> Count {
    let today = Anchor { day: clock.now.local_day(clock.zone), at: clock.now };
    let mut count = Count::default();
    let mut found = Vec::new();
    for Period { since, ended, .. } in periods {
        let days = |end: &Anchor| since.day.until(end.day).max(0);
        let reached = clock.reached(*since, ended.as_ref().map_or(today, |ended| ended.reported));
        if let Some(Ended { at, .. }) = ended {
            count.past.push(PastPeriod { since: since.day, until: at.day, days: days(at) });
        } else {
            count.next = clock.next(*since, &reached, today.day);
            let milestones = reached.iter().map(|one| one.code.clone()).collect();
            count.current = Some(CurrentPeriod { since: since.day, days: days(&today), milestones });
        }
        found.extend(reached);
    }
    // The first time that it was reached counts.
    found.sort_by(|a, b| (a.on, &a.code).cmp(&(b.on, &b.code)));
    for one in found {
        if count.reached.iter().all(|known| known.code != one.code) {
            count.reached.push(one);
        }
    }
    let days = || count.past.iter().map(|one| one.days).chain(count.current.iter().map(|one| one.days));
    (count.lifetime_days, count.longest_days) = (days().sum(), days().max().unwrap_or(0));
    count
}

#[cfg(test)]
mod tests;
