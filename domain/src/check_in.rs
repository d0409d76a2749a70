//! Daily and weekly check-ins: one for each local day and one for each ISO week.
//!
//! **Day.** A check-in belongs to the day that the phone names, or else to the local day on which it was filled
//! in, in the entry's time zone. A weekly one belongs to the week of that day, Monday to Sunday.
//!
//! **Window.** A daily check-in can be filled in from the start of its day until 24 hours after the day ends, a
//! weekly one from the start of its week until 72 hours after the week ends. A day with a clock change has 23
//! or 25 hours. The time it was filled in is `occurred_at`, or `received_at` if the phone's clock was ahead, or
//! behind the day it names.
//!
//! **Late arrival.** A check-in that was filled in within its window is accepted whenever it arrives: a phone
//! may be offline for weeks. If the window has closed by then, it is marked `late`. It counts like any other.
//!
//! **Corrections.** New answers are accepted only within the window, while the day is remembered. After that an
//! answer can still be corrected, with a reason, but a day without an answer stays without one.
//!
//! **Revisions.** The first check-in of a day or week gives it its id. Each further one, under an id of its
//! own, is a revision. All revisions are stored. The one that was filled in last is current, in whatever order
//! they arrived, but a correction replaces all that arrived before it. The same content again changes nothing.
//!
//! **Use.** An answer that says yes to use is a use report ([`use_report`]). Another answer may be about another part
//! of the day, so only a correction that changes the yes to a no withdraws the report.

pub mod answer;
pub mod completion_rate;
pub mod definition;
pub mod reading;

pub use answer::{Answer, AnswerText, Answers, Code, Figure};
pub use completion_rate::{CompletionRate, completion_rate};
pub use definition::{
    Asks, CheckInChoice, CheckInItem, CheckInKind, Definition, Fault, Why, definition, definitions, latest,
};

pub use reading::{DayFigures, UseAnswers, signs_seen, use_report};

use crate::account::ParticipantId;
use crate::log_entry::{EntryTime, Reason};
use crate::value::{Day, Moment, TimeZone};
use jiff::{SignedDuration, civil};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

id! {
    /// The id of a check-in or of one of its revisions, made by the phone. It is unique for the participant.
    CheckInId
}

/// How long after the end of its day a daily check-in can be filled in. Source: expiry of 24 h, clinical.md 3.10.
pub const DAILY_GRACE: SignedDuration = SignedDuration::from_hours(24);
/// How long after the end of its week a weekly check-in can be filled in. It asks about 7 days, so no longer.
pub const WEEKLY_GRACE: SignedDuration = SignedDuration::from_hours(72);
/// The most revisions that one check-in can have.
pub const MOST_REVISIONS: usize = 50;

/// A check-in as the phone sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "daily", "version": 1,
    "occurred_at": "2026-03-03T01:10:00Z", "time_zone": "America/New_York",
    "answers": { "mood": 6, "sleep_hours": 7.5, "craving_worst": 4, "confidence": 8, "connected": true }
}))]
pub struct CheckInDraft {
    /// Daily or weekly.
    pub kind: CheckInKind,
    /// The version of the definition that the person saw.
    #[schema(minimum = 1, maximum = 32767)]
    pub version: i16,
    /// The day it is about, or any day of the week it is about. The default is the day on which it was filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Day>,
    /// When it was filled in, by the phone's clock.
    pub occurred_at: Moment,
    /// The phone's time zone then.
    pub time_zone: TimeZone,
    /// The answers.
    pub answers: Answers,
    /// Why an earlier answer is corrected. Required after the window has closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// A stored revision of a check-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckInRevision {
    /// Its id. The first revision's id is also the check-in's.
    pub id: CheckInId,
    /// Its number in order of arrival, from 1.
    #[schema(minimum = 1)]
    pub revision: i32,
    /// When the server received it.
    pub received_at: Moment,
    /// The day it counts for; for a weekly check-in, the Monday.
    pub day: Day,
    /// Whether the phone's clock was ahead, or behind the day it names. Then `received_at` counts as the time
    /// it was filled in.
    pub clock_suspect: bool,
    /// Whether it arrived after its window had closed.
    pub late: bool,
    /// What was sent.
    pub check_in: CheckInDraft,
}

/// The current version of a check-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckIn {
    /// Its id: that of the first revision.
    pub id: CheckInId,
    /// Whose it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// Daily or weekly.
    pub kind: CheckInKind,
    /// The version of the definition that the answers were given under.
    #[schema(minimum = 1)]
    pub version: i16,
    /// The day it counts for; for a weekly check-in, the Monday.
    pub day: Day,
    /// When the current answers were given, by the phone's clock.
    pub occurred_at: Moment,
    /// The phone's time zone then.
    pub time_zone: TimeZone,
    /// The answers.
    pub answers: Answers,
    /// When the server received the first revision.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead, or behind the day it names.
    pub clock_suspect: bool,
    /// Whether the first revision arrived after the window had closed. A correction does not change this.
    pub late: bool,
    /// The number of revisions: 1 until it is answered again.
    #[schema(minimum = 1)]
    pub revision: i32,
}

/// Why a check-in is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such definition was published.
    #[error("there is no such version of this check-in; fetch the definitions and answer one of them")]
    UnknownVersion,
    /// Answers that do not fit the definition.
    #[error("some answers do not fit the questions")]
    Answers(Vec<Fault>),
    /// The day or week has not begun.
    #[error("that day has not begun yet; choose today or an earlier day")]
    NotYet,
    /// It was filled in after the window had closed.
    #[error(
        "the time to fill in this check-in is over; answer today's, or send a `reason` to correct an earlier answer"
    )]
    Closed,
    /// The window has closed, and there is no answer to correct.
    #[error(
        "the time to fill in this check-in is over, and it has no answer to correct: it can stay empty; answer the one that is open now"
    )]
    NeverAnswered,
    /// The id is in use for other content.
    #[error("this id is already in use for other content; send this under a new id")]
    Different,
    /// The check-in has the most revisions already.
    #[error(
        "this check-in already has 50 answers, the most it can have, and this one was not saved; write what is different in the note of the next check-in, or tell your counselor"
    )]
    TooManyRevisions,
}

impl Refusal {
    /// The faults in the request: JSON pointers, each with its reason.
    pub fn faults(&self) -> Vec<(String, String)> {
        match self {
            Self::UnknownVersion => vec![("/version".to_owned(), self.to_string())],
            Self::NotYet | Self::Closed | Self::NeverAnswered => vec![("/day".to_owned(), self.to_string())],
            Self::Answers(faults) => {
                faults.iter().map(|fault| (fault.pointer(), fault.why.to_string())).collect()
            }
            Self::Different | Self::TooManyRevisions => Vec::new(),
        }
    }
}

/// When a check-in can be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The start of its day or week, included.
    pub opens_at: Moment,
    /// The end of the grace period after its day or week, excluded.
    pub closes_at: Moment,
}

impl Window {
    /// The window of this day's daily check-in, or of the weekly one of its week, in this time zone. There is
    /// none at the end of the calendar.
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

/// The day that a check-in about this day counts for: the day itself, or the Monday of its week.
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

/// The day or week of a check-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The day it counts for; for a weekly check-in, the Monday.
    pub day: Day,
    /// Whether the phone's clock was ahead, or behind the day it names.
    pub clock_suspect: bool,
    /// Whether it arrived after its window had closed.
    pub late: bool,
    /// Whether the window had closed when it was filled in. Then it can only be a correction.
    pub closed: bool,
}

/// Finds the day or week of a check-in. It must have been filled in within the window, or have a reason.
pub fn place(draft: &CheckInDraft, now: Moment) -> Result<Placed, Refusal> {
    let time = EntryTime::new(draft.occurred_at, now);
    let (at, clock_suspect) = (time.effective_at(), time.clock_suspect);
    let day = time.local_day(&draft.time_zone);
    let placed = |day: Day, at: Moment, clock_suspect: bool| {
        let day = period(draft.kind, day);
        let window = Window::of(draft.kind, day, &draft.time_zone).ok_or(Refusal::NotYet)?;
        let closed = window.closes_at <= at;
        if at < window.opens_at {
            return Err(Refusal::NotYet);
        }
        if closed && draft.reason.is_none() {
            return Err(Refusal::Closed);
        }
        Ok(Placed { day, clock_suspect, late: window.closes_at <= now, closed })
    };
    let named = draft.day.unwrap_or(day);
    match placed(named, at, clock_suspect) {
        // A phone with a wrong clock is also wrong about the day. Its check-in is still accepted.
        Err(_) if clock_suspect => placed(day, at, clock_suspect),
        // The named day has begun, so a clock that shows an earlier time is behind.
        Err(Refusal::NotYet) if at < now => placed(named, now, true),
        other => other,
    }
}

/// The outcome of sending a check-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The current version.
    pub check_in: CheckIn,
    /// The revision to store; none for a repeat.
    pub new: Option<CheckInRevision>,
}

/// Answers a check-in. `stored` are all revisions of the day or week from [`place`], in any order. The caller
/// first looks the id up among all check-ins, and compares what it finds by [`CheckInRevision::same`].
pub fn answer(
    participant: ParticipantId,
    stored: &[CheckInRevision],
    id: CheckInId,
    draft: &CheckInDraft,
    now: Moment,
) -> Result<Answered, Refusal> {
    let repeat = match stored.iter().find(|one| one.id == id) {
        Some(one) => one.same(draft).map(|()| true)?,
        // The same content, also the time, under another id: the phone sent it twice.
        None => stored.iter().any(|one| one.check_in == *draft),
    };
    if let (true, Some(check_in)) = (repeat, CheckIn::current(participant, stored)) {
        return Ok(Answered { check_in, new: None });
    }
    let definition = definition(draft.kind, draft.version).ok_or(Refusal::UnknownVersion)?;
    let faults = definition.faults(&draft.answers);
    if !faults.is_empty() {
        return Err(Refusal::Answers(faults));
    }
    let Placed { day, clock_suspect, late, closed } = place(draft, now)?;
    if closed && stored.is_empty() {
        return Err(Refusal::NeverAnswered);
    }
    if MOST_REVISIONS <= stored.len() {
        return Err(Refusal::TooManyRevisions);
    }
    let last = stored.iter().map(|one| one.revision).max().unwrap_or(0);
    let new = CheckInRevision {
        id,
        revision: last + 1,
        received_at: now,
        day,
        clock_suspect,
        late,
        check_in: draft.clone(),
    };
    let check_in = CheckIn::new(participant, stored, &new);
    Ok(Answered { check_in, new: Some(new) })
}

impl CheckInRevision {
    /// Whether a check-in that was sent again under this id has the same content.
    pub fn same(&self, again: &CheckInDraft) -> Result<(), Refusal> {
        if self.check_in == *again { Ok(()) } else { Err(Refusal::Different) }
    }

    fn answered_at(&self) -> Moment {
        let Self { received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at: self.check_in.occurred_at, received_at, clock_suspect }.effective_at()
    }

    /// Whether it replaces a revision that arrived before it.
    fn replaces(&self, before: &Self) -> bool {
        self.corrects() || (before.answered_at(), before.id) < (self.answered_at(), self.id)
    }

    /// Whether it corrects an earlier answer.
    fn corrects(&self) -> bool {
        self.check_in.reason.is_some()
    }
}

impl CheckIn {
    /// The current version of a check-in, from all revisions of its day or week; none if there are none.
    pub fn current(participant: ParticipantId, revisions: &[CheckInRevision]) -> Option<Self> {
        revisions.first().map(|first| Self::new(participant, revisions, first))
    }

    /// When the current answers were given: by the phone's clock, unless that is suspect.
    pub fn filled_in_at(&self) -> Moment {
        let Self { occurred_at, received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at, received_at, clock_suspect }.effective_at()
    }

    fn new<'a>(participant: ParticipantId, stored: &'a [CheckInRevision], new: &'a CheckInRevision) -> Self {
        let first = stored.iter().chain([new]).fold(new, |a, b| if b.revision < a.revision { b } else { a });
        let mut all: Vec<_> = stored.iter().chain([new]).collect();
        all.sort_by_key(|one| one.revision);
        let last = all.into_iter().fold(first, |a, b| if b.replaces(a) { b } else { a });
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
            revision: stored.iter().map(|one| one.revision).max().unwrap_or(0).max(new.revision),
        }
    }
}

/// Whether the daily check-in of a day is answered. Then no more reminders are sent for that day.
pub fn answered_on(check_ins: &[CheckIn], day: Day) -> bool {
    check_ins.iter().any(|one| one.kind == CheckInKind::Daily && one.day == day)
}

#[cfg(test)]
mod tests;
