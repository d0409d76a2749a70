//! Daily and weekly check-ins: one for each local day, one for each ISO week of that calendar.
//!
//! **Which day.** A check-in belongs to the day the phone names, or else to the local day on which it was filled
//! in, always by the zone of the entry. A weekly one belongs to the week, Monday to Sunday, of that day.
//!
//! **How long.** A daily check-in can be filled in from the start of its day until 24 hours after that day ends;
//! a weekly one from the start of its week until 72 hours after that week ends. Days end where the calendar
//! says, so with a clock change the first of these is 23 or 25 hours of day and 24 more. When it was filled in
//! is `occurred_at`, or `received_at` where the phone's clock was ahead, or lay before the day it names.
//!
//! **How late.** What was filled in in time is taken whenever it arrives: a phone may be offline for weeks.
//! If it arrives after the time is over, it is marked `late`, and counts like any other.
//!
//! **Corrected.** The time is for answering, while the day is remembered. Whoever sees later that an answer was wrong
//! may still put it right, with a reason; a day that was never answered stays without.
//!
//! **Twice.** The first of a day or week makes the check-in, and its id names it. Another one, under its own id,
//! is a revision; all are kept, and the one that was filled in last stands, whatever came in last; but a correction
//! stands over all that came before it. The same one again is a repeat and changes nothing.
//!
//! **Use.** What was told of use stays told: another answer of the day may be about another hour of it. Only a
//! correction that says otherwise takes it back.

pub mod answer;
pub mod completion_rate;
pub mod definition;
pub mod reading;

pub use answer::{Answer, AnswerText, Answers, Code, Figure};
pub use completion_rate::{CompletionRate, completion_rate};
pub use definition::{
    Asks, CheckInChoice, CheckInItem, CheckInKind, Definition, Fault, Why, definition, definitions, latest,
};

pub use reading::{DayFigures, signs_seen, told_use, used};

use crate::account::ParticipantId;
use crate::log_entry::{EntryTime, Reason, Told};
use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, civil};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

id! {
    /// A check-in as sent, named by the phone; unique for its participant.
    CheckInId
}

/// How long after its day a daily check-in can be filled in. Source: expiry of 24 h, clinical.md 3.10.
pub const DAILY_GRACE: SignedDuration = SignedDuration::from_hours(24);
/// How long after its week a weekly check-in can be filled in: it asks about 7 days, so no longer than this.
pub const WEEKLY_GRACE: SignedDuration = SignedDuration::from_hours(72);
/// Most revisions that one check-in keeps.
pub const MOST_REVISIONS: usize = 50;

/// A check-in as the phone tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "daily", "version": 1,
    "occurred_at": "2026-03-03T01:10:00Z", "time_zone": "America/New_York",
    "answers": { "mood": 6, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8, "connected": true }
}))]
pub struct CheckInDraft {
    /// Which kind.
    pub kind: CheckInKind,
    /// The version of the definition that the person saw.
    #[schema(minimum = 1, maximum = 32767)]
    pub version: i16,
    /// The day it is about, or a day of the week it is about; without it, the day on which it was filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// When it was filled in, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then.
    pub time_zone: TimeZone,
    /// The answers.
    pub answers: Answers,
    /// Why what was answered before is corrected; needed when the time to fill it in is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// One sending of a check-in that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckInRevision {
    /// Its id; that of the first is the check-in's.
    pub id: CheckInId,
    /// Its number in the order they came, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When the server received it.
    pub received_at: Moment,
    /// The day it counts on; of a weekly one, the Monday.
    pub day: Day,
    /// Whether the phone's clock was ahead, or before the day it names; `received_at` then counts as the time it was
    /// filled in.
    pub clock_suspect: bool,
    /// Whether it arrived when the time to fill it in was over.
    pub late: bool,
    /// As sent.
    pub check_in: CheckInDraft,
}

/// A check-in as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckIn {
    /// Its id: that of the first one sent.
    pub id: CheckInId,
    /// ParticipantRef it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// Which kind.
    pub kind: CheckInKind,
    /// The version of the definition that the answers were given under.
    #[schema(minimum = 1)]
    pub version: i16,
    /// The day it counts on; of a weekly one, the Monday.
    pub day: Day,
    /// When the answers that stand were given, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then.
    pub time_zone: TimeZone,
    /// The answers.
    pub answers: Answers,
    /// When the server received the first of it.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead, or before the day it names.
    pub clock_suspect: bool,
    /// Whether the first of it arrived when the time to fill it in was over. A correction makes nothing late.
    pub late: bool,
    /// How many were kept: 1 until it is answered anew.
    #[schema(minimum = 1)]
    pub revision: i32,
}

/// Why a check-in is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such definition was ever published.
    #[error("there is no such version of this check-in; fetch the definitions and answer one of those")]
    UnknownVersion,
    /// Answers that do not fit the definition; each names its question.
    #[error("some answers do not fit the questions")]
    Answers(Vec<Fault>),
    /// The day or week has not begun.
    #[error("that day has not begun yet; choose today or an earlier day")]
    NotYet,
    /// It was filled in when the time for it was over.
    #[error(
        "the time to fill in this check-in is over; answer today's, or tell by `reason` why you correct what was answered"
    )]
    Over,
    /// The time for it is over, and nothing was answered in it that could be corrected.
    #[error(
        "the time to fill in this check-in is over, and it was not answered then: it may stay empty; answer the one that is open now"
    )]
    NeverAnswered,
    /// The id already stands for other content.
    #[error("this id already stands for other content; send it under a new id")]
    Different,
    /// There are as many revisions as are kept.
    #[error(
        "this check-in was already answered 50 times, the most that are kept, and this answer is not; write what is different in the note of the next one, or tell your counselor"
    )]
    TooManyRevisions,
}

impl Refusal {
    /// What is at fault in the request: JSON pointers, each with its reason.
    pub fn faults(&self) -> Vec<(String, String)> {
        match self {
            Self::UnknownVersion => vec![("/version".to_owned(), self.to_string())],
            Self::NotYet | Self::Over | Self::NeverAnswered => vec![("/day".to_owned(), self.to_string())],
            Self::Answers(faults) => {
                faults.iter().map(|fault| (fault.pointer(), fault.why.to_string())).collect()
            }
            Self::Different | Self::TooManyRevisions => Vec::new(),
        }
    }
}

/// The time in which a check-in can be filled in: from the first instant up to but not including the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When its day or week begins.
    pub opens_at: Moment,
    /// When the grace after its day or week ends.
    pub closes_at: Moment,
}

impl Window {
    /// The time of a daily check-in of this day, or of the weekly one of this day's week, by a zone's calendar;
    /// none where the calendar ends.
    pub fn of(kind: CheckInKind, day: Day, zone: &TimeZone) -> Option<Self> {
        let (days, grace) = match kind {
            CheckInKind::Daily => (1, DAILY_GRACE),
            CheckInKind::Weekly => (7, WEEKLY_GRACE),
        };
        let begin = period(kind, day);
        let closes_at = begin.plus(days).begins(zone)?.plus(grace);
        Some(Self { opens_at: begin.begins(zone)?, closes_at })
    }
}

/// The day that names the check-in which a day belongs to: itself, or the Monday of its week.
#[must_use]
pub fn period(kind: CheckInKind, day: Day) -> Day {
    match kind {
        CheckInKind::Daily => day,
        CheckInKind::Weekly => {
            let since_monday = civil::Date::from(day).weekday().to_monday_zero_offset();
            day.plus(-i32::from(since_monday))
        }
    }
}

/// Where a check-in belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The day it counts on; of a weekly one, the Monday.
    pub day: Day,
    /// Whether the phone's clock was ahead, or before the day it names.
    pub clock_suspect: bool,
    /// Whether it arrived when the time to fill it in was over.
    pub late: bool,
    /// Whether that time was over when it was filled in: it can only correct what was answered.
    pub over: bool,
}

/// The day or week to which a check-in belongs, if it was filled in in time for it or tells why it is corrected.
pub fn place(draft: &CheckInDraft, now: Moment) -> Result<Placed, Refusal> {
    let Told { at, day, clock_suspect } = Told::new(draft.occurred_at, &draft.time_zone, now);
    let placed = |day: Day, at: Moment, clock_suspect: bool| {
        let day = period(draft.kind, day);
        let window = Window::of(draft.kind, day, &draft.time_zone).ok_or(Refusal::NotYet)?;
        match at {
            at if at < window.opens_at => Err(Refusal::NotYet),
            at if window.closes_at <= at && draft.reason.is_none() => Err(Refusal::Over),
            at => {
                Ok(Placed { day, clock_suspect, late: window.closes_at <= now, over: window.closes_at <= at })
            }
        }
    };
    let named = draft.day.unwrap_or(day);
    match placed(named, at, clock_suspect) {
        // A phone with a wrong clock is wrong about the day too: what it tells is still taken.
        Err(_) if clock_suspect => placed(day, at, clock_suspect),
        // A clock that lies before the day it names, and that has begun, is behind.
        Err(Refusal::NotYet) if at < now => placed(named, now, true),
        other => other,
    }
}

/// What became of a check-in that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The check-in as it now stands.
    pub check_in: CheckIn,
    /// What is to be kept; nothing if it was a repeat.
    pub kept: Option<CheckInRevision>,
}

/// Takes a check-in. `kept` are all revisions of the day or week that [`place`] names, in any order. An id that
/// is kept for another one is looked up first and asked by [`CheckInRevision::same`].
pub fn answer(
    participant: ParticipantId,
    kept: &[CheckInRevision],
    id: CheckInId,
    draft: &CheckInDraft,
    now: Moment,
) -> Result<Answered, Refusal> {
    let repeat = match kept.iter().find(|one| one.id == id) {
        Some(one) => one.same(draft).map(|()| true)?,
        // Word for word the same, time included: one sending that was given two ids.
        None => kept.iter().any(|one| one.check_in == *draft),
    };
    if let (true, Some(check_in)) = (repeat, CheckIn::standing(participant, kept)) {
        return Ok(Answered { check_in, kept: None });
    }
    let definition = definition(draft.kind, draft.version).ok_or(Refusal::UnknownVersion)?;
    let faults = definition.faults(&draft.answers);
    if !faults.is_empty() {
        return Err(Refusal::Answers(faults));
    }
    let Placed { day, clock_suspect, late, over } = place(draft, now)?;
    if over && kept.is_empty() {
        return Err(Refusal::NeverAnswered);
    }
    if MOST_REVISIONS <= kept.len() {
        return Err(Refusal::TooManyRevisions);
    }
    let last = kept.iter().map(|one| one.revision).max().unwrap_or(0);
    let new = CheckInRevision {
        id,
        revision: last + 1,
        received_at: now,
        day,
        clock_suspect,
        late,
        check_in: draft.clone(),
    };
    let check_in = CheckIn::new(participant, kept, &new);
    Ok(Answered { check_in, kept: Some(new) })
}

impl CheckInRevision {
    /// Whether a check-in that came again under this id is the one that was kept.
    pub fn same(&self, again: &CheckInDraft) -> Result<(), Refusal> {
        if self.check_in == *again { Ok(()) } else { Err(Refusal::Different) }
    }

    fn answered_at(&self) -> Moment {
        let Self { received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at: self.check_in.occurred_at, received_at, clock_suspect }.effective_at()
    }

    /// Whether it stands where this stood, which came before it.
    fn stands_over(&self, before: &Self) -> bool {
        self.corrects() || (before.answered_at(), before.id) < (self.answered_at(), self.id)
    }

    /// Whether it says that what was answered before was wrong.
    fn corrects(&self) -> bool {
        self.check_in.reason.is_some()
    }
}

impl CheckIn {
    /// The check-in that the revisions of one day or week add up to; none without a revision.
    pub fn standing(participant: ParticipantId, kept: &[CheckInRevision]) -> Option<Self> {
        kept.first().map(|first| Self::new(participant, kept, first))
    }

    /// When what stands was filled in: by the phone's clock unless that was ahead.
    pub fn filled_in_at(&self) -> Moment {
        let Self { occurred_at, received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at, received_at, clock_suspect }.effective_at()
    }

    fn new<'a>(participant: ParticipantId, kept: &'a [CheckInRevision], new: &'a CheckInRevision) -> Self {
        let first = kept.iter().chain([new]).fold(new, |a, b| if b.revision < a.revision { b } else { a });
        let mut all: Vec<_> = kept.iter().chain([new]).collect();
        all.sort_by_key(|one| one.revision);
        let last = all.into_iter().fold(first, |a, b| if b.stands_over(a) { b } else { a });
        let CheckInDraft { kind, version, occurred_at, time_zone, answers, .. } = last.check_in.clone();
        Self {
            id: first.id,
            participant,
            kind,
            version,
            day: last.day,
            occurred_at,
            time_zone,
            answers,
            received_at: first.received_at,
            clock_suspect: last.clock_suspect,
            late: first.late,
            revision: kept.iter().map(|one| one.revision).max().unwrap_or(0).max(new.revision),
        }
    }
}

/// Whether the daily check-in of a day is answered. Then no reminder of that day goes out any more.
pub fn answered_on(check_ins: &[CheckIn], day: Day) -> bool {
    check_ins.iter().any(|one| one.kind == CheckInKind::Daily && one.day == day)
}

#[cfg(test)]
mod tests;
