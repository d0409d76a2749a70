//! A craving: what was felt, when and where, how it changed, and how it ended.
//!
//! An entry is a fact. It is refused for no clock and no delay; a correction is a new revision, a withdrawal
//! a tombstone. Each rule returns the craving as it stands afterwards: equal to the one given, it was a repeat.

mod word;

pub use word::{Company, CueKind, Halt, Outcome, Place, Substance, TriggerCategory};

use crate::account::ParticipantId;
use crate::log_entry::{self, EntryTime, Told};
pub use crate::log_entry::{CLOCK_TOLERANCE, Reason, RevisionId};
use crate::value::{BoundedSet, Day, Moment, TimeZone, entry_schema};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, schema::Schema};
use utoipa::{PartialSchema, ToSchema};

/// Most ratings that one craving keeps.
pub const MOST_RATINGS: usize = 50;
/// Most times that one craving keeps each outcome.
pub const MOST_OUTCOMES: usize = 50;

id! {
    /// A craving, named by the phone; unique for its participant.
    CravingId
}
id! {
    /// A later rating of a craving, named by the phone.
    RatingId
}
whole_number! {
    /// Strength of a craving: 0 none, 10 the strongest ever.
    Intensity: 0 to 10, such as 7
}
text! {
    /// A note in the participant's own words.
    Note: 1 to 2000, lines, such as "Walked past the old bar. Rang Sam and it eased."
}
text! {
    /// What set it off, in a few words.
    CueText: 1 to 120, such as "payday"
}
text! {
    /// A coping skill or act that was tried.
    CopingUsed: 1 to 120, such as "urge surfing"
}

/// Something that recalled use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Its kind.
    pub kind: CueKind,
    /// What it was.
    pub text: CueText,
}

/// A craving as the phone tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "occurred_at": "2026-03-02T18:40:00Z",
    "time_zone": "America/New_York",
    "intensity": 7,
    "substance": "alcohol",
    "triggers": ["conflict"],
    "halt": ["tired"],
    "company": "alone",
    "place": "home",
    "coping_used": ["urge surfing"],
    "note": "Row with my brother. Rang Sam and it eased."
}))]
pub struct CravingDraft {
    /// When it was felt, by the phone's clock.
    pub occurred_at: Moment,
    /// Where the phone was then. The entry counts on the local day of this zone.
    pub time_zone: TimeZone,
    /// How strong it was when logged.
    pub intensity: Intensity,
    /// What was craved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substance: Option<Substance>,
    /// The kinds of situation.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<TriggerCategory>, max_items = 8)]
    pub triggers: BoundedSet<TriggerCategory, 8>,
    /// What recalled use.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<Cue>, max_items = 12)]
    pub cues: BoundedSet<Cue, 12>,
    /// Hungry, angry, lonely or tired.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<Halt>, max_items = 4)]
    pub halt: BoundedSet<Halt, 4>,
    /// Who was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// What kind of place it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What was tried.
    #[serde(default, skip_serializing_if = "BoundedSet::is_empty")]
    #[schema(value_type = Vec<CopingUsed>, max_items = 8)]
    pub coping_used: BoundedSet<CopingUsed, 8>,
    /// Own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// How it ended, if that is already known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// A later rating, while it rises or passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "rated_at": "2026-03-02T18:55:00Z", "intensity": 4 }))]
pub struct RatingDraft {
    /// When, by the phone's clock.
    pub rated_at: Moment,
    /// How strong it was then.
    pub intensity: Intensity,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "outcome": "passed", "observed_at": "2026-03-02T19:10:00Z" }))]
pub struct OutcomeDraft {
    /// The end.
    pub outcome: Outcome,
    /// When that was so, by the phone's clock. Of two, the later one stands.
    pub observed_at: Moment,
}

/// An outcome that was kept, whether or not it stands. One told in an entry or its correction is kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReportedOutcome {
    /// The end.
    pub outcome: Outcome,
    /// When that was so, by the phone's clock.
    pub observed_at: Moment,
    /// When the server received it.
    pub received_at: Moment,
}

impl ReportedOutcome {
    /// When it was so: a clock that is ahead counts as the receipt, so that it cannot have the last word for ever.
    pub fn at(self) -> Moment {
        log_entry::believed(self.observed_at, self.received_at)
    }
}

/// A correction: the whole entry as it should read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "reason": "Wrong time",
    "craving": { "occurred_at": "2026-03-02T17:40:00Z", "time_zone": "America/New_York", "intensity": 7 }
}))]
pub struct CorrectionDraft {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The entry as it should read. Without an outcome, the known one stays.
    pub craving: CravingDraft,
}

/// A rating that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rating {
    /// Its id.
    pub id: RatingId,
    /// When, by the phone's clock.
    pub rated_at: Moment,
    /// How strong it was then.
    pub intensity: Intensity,
}

/// What an entry said from one correction to the next; the first has the craving's own id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revision {
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
    pub craving: CravingDraft,
}

/// A craving as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Craving {
    /// Its id.
    pub id: CravingId,
    /// ParticipantRef it is.
    #[serde(skip)]
    pub participant: ParticipantId,
    /// The entry, with later corrections and the known outcome in it.
    #[serde(flatten)]
    pub draft: CravingDraft,
    /// The day it counts on.
    pub local_day: Day,
    /// When the server first received it.
    pub received_at: Moment,
    /// Whether the phone's clock was ahead; `received_at` then counts as the time it was felt.
    pub clock_suspect: bool,
    /// The strongest it was, ratings included.
    pub peak: Intensity,
    /// When the outcome was so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome_at: Option<Moment>,
    /// The outcome that was told when it was last written.
    #[serde(skip)]
    pub written_outcome: Option<Outcome>,
    /// How often it was written: 1 until corrected.
    pub revision: i32,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
    /// Later ratings, in order of time.
    pub ratings: Vec<Rating>,
}

/// What a craving says beyond its draft, for the schema.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Standing {
    /// Its id.
    id: CravingId,
    /// The day it counts on, by its own time zone.
    local_day: Day,
    /// When the server first received it.
    received_at: Moment,
    /// Whether the phone's clock was more than 5 minutes ahead; `received_at` then counts as the time it was felt.
    clock_suspect: bool,
    /// The strongest it was, ratings included.
    peak: Intensity,
    /// When the outcome was so.
    #[schema(nullable = false)]
    outcome_at: Option<Moment>,
    /// How often it was written: 1 until corrected.
    #[schema(minimum = 1)]
    revision: i32,
    /// When it was withdrawn.
    #[schema(nullable = false)]
    withdrawn_at: Option<Moment>,
    /// Later ratings, in order of time.
    #[schema(max_items = 50)]
    ratings: Vec<Rating>,
}

impl PartialSchema for Craving {
    fn schema() -> RefOr<Schema> {
        entry_schema("A craving as it stands", Standing::schema(), CravingDraft::schema())
    }
}
impl ToSchema for Craving {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Standing::schemas(schemas);
        CravingDraft::schemas(schemas);
    }
}

/// Why a change to a craving is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id already stands for other content.
    #[error("this id already stands for other content; send a correction, or a new entry under a new id")]
    Different,
    /// The craving was withdrawn.
    #[error("this craving was withdrawn; make a new entry under a new id")]
    Withdrawn,
    /// There are as many revisions as are kept.
    #[error(
        "this was already corrected as often as is kept; withdraw it, and make a new entry under a new id"
    )]
    TooManyRevisions,
    /// There are as many ratings as are kept.
    #[error("this craving already has 50 ratings, the most that are kept")]
    TooManyRatings,
    /// There are as many of this outcome as are kept.
    #[error(
        "this end of the craving was already told 50 times, the most that are kept; send a correction, or a new entry under a new id"
    )]
    TooManyOutcomes,
}

impl From<log_entry::Refusal> for Refusal {
    fn from(refusal: log_entry::Refusal) -> Self {
        match refusal {
            log_entry::Refusal::Different => Self::Different,
            log_entry::Refusal::Withdrawn => Self::Withdrawn,
            log_entry::Refusal::TooManyRevisions => Self::TooManyRevisions,
        }
    }
}

impl Craving {
    /// When it was felt: by the phone's clock unless that was ahead.
    pub fn felt_at(&self) -> Moment {
        self.entry_time().effective_at()
    }

    fn entry_time(&self) -> EntryTime {
        let Self { received_at, clock_suspect, .. } = *self;
        EntryTime { occurred_at: self.draft.occurred_at, received_at, clock_suspect }
    }

    /// The hour of the local day, 0 to 23.
    pub fn hour(&self) -> u8 {
        u8::try_from(self.felt_at().in_zone(&self.draft.time_zone).hour()).unwrap_or(0)
    }

    /// What the entry says until its first correction.
    pub fn first_revision(&self) -> Revision {
        let id = RevisionId::from(uuid::Uuid::from(self.id));
        let craving = CravingDraft { outcome: self.written_outcome, ..self.draft.clone() };
        Revision { id, revision: 1, received_at: self.received_at, reason: None, craving }
    }

    /// Sets again the strongest it was.
    fn peaked(mut self) -> Self {
        let rated = self.ratings.iter().map(|rating| rating.intensity);
        self.peak = rated.fold(self.draft.intensity, Intensity::max);
        self
    }
}

impl Revision {
    /// Whether a correction that came again under this id is the one that was kept.
    pub fn same(&self, again: &CorrectionDraft) -> Result<(), Refusal> {
        Ok(log_entry::same(&(&self.reason, &self.craving), &(&again.reason, &again.craving))?)
    }
}

/// A new entry. However late it comes, it counts on the local day it was felt; told from the future, on the
/// day it was received.
pub fn record(participant: ParticipantId, id: CravingId, draft: CravingDraft, now: Moment) -> Craving {
    let Told { at, day, clock_suspect } = Told::new(draft.occurred_at, &draft.time_zone, now);
    Craving {
        id,
        participant,
        local_day: day,
        received_at: now,
        clock_suspect,
        peak: draft.intensity,
        outcome_at: draft.outcome.map(|_| at),
        written_outcome: draft.outcome,
        revision: 1,
        withdrawn_at: None,
        ratings: Vec::new(),
        draft,
    }
}

/// Whether an entry that came again under its id is the one that was first sent; `first` is the draft of
/// revision 1. An outcome that is among those told since then makes no difference, another one does: who tells it
/// here must not believe that it was heard.
pub fn same(
    craving: &Craving,
    first: &CravingDraft,
    told: &[ReportedOutcome],
    again: &CravingDraft,
) -> Result<(), Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let heard = told.iter().map(|one| Some(one.outcome)).chain([None, first.outcome]);
    let outcome = heard.into_iter().any(|outcome| outcome == again.outcome);
    let repeated = CravingDraft { outcome: first.outcome, ..again.clone() } == *first;
    if outcome && repeated { Ok(()) } else { Err(Refusal::Different) }
}

/// Adds a later rating.
pub fn rate(craving: &Craving, id: RatingId, draft: &RatingDraft) -> Result<Craving, Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let rating = Rating { id, rated_at: draft.rated_at, intensity: draft.intensity };
    if let Some(kept) = craving.ratings.iter().find(|kept| kept.id == id) {
        return if *kept == rating { Ok(craving.clone()) } else { Err(Refusal::Different) };
    }
    if MOST_RATINGS <= craving.ratings.len() {
        return Err(Refusal::TooManyRatings);
    }
    let mut rated = craving.clone();
    rated.ratings.push(rating);
    rated.ratings.sort_by_key(|rating| (rating.rated_at, rating.id));
    Ok(rated.peaked())
}

/// Tells how it ended: the craving as it now stands, and the outcome to keep; none if it was told before, which
/// changes nothing, whatever a correction has said since. `told` are all that were kept. What was observed later
/// stands, whatever came in last; use stands beside anything else of the same moment.
pub fn conclude(
    craving: &Craving,
    told: &[ReportedOutcome],
    draft: &OutcomeDraft,
    now: Moment,
) -> Result<(Craving, Option<ReportedOutcome>), Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let OutcomeDraft { outcome, observed_at } = *draft;
    let mut concluded = craving.clone();
    if told.iter().any(|one| (one.outcome, one.observed_at) == (outcome, observed_at)) {
        return Ok((concluded, None));
    }
    // Of each: what was told often leaves room for what is worse.
    if MOST_OUTCOMES <= told.iter().filter(|one| one.outcome == outcome).count() {
        return Err(Refusal::TooManyOutcomes);
    }
    let new = ReportedOutcome { outcome, observed_at, received_at: now };
    let used = craving.draft.outcome == Some(Outcome::Lapsed);
    if craving.outcome_at.is_none_or(|at| at < new.at() || at == new.at() && !used) {
        concluded.draft.outcome = Some(outcome);
        concluded.outcome_at = Some(new.at());
    }
    Ok((concluded, Some(new)))
}

/// Corrects an entry: the craving as it now stands, and the revisions to keep (at the first correction also
/// the one before it). Ratings stay, and so does the known outcome unless another is given. `told` are all outcomes
/// that were kept: what it says now stands before any of them, until one is told that was observed later.
pub fn correct(
    craving: &Craving,
    told: &[ReportedOutcome],
    id: RevisionId,
    correction: &CorrectionDraft,
    now: Moment,
) -> Result<(Craving, Vec<Revision>), Refusal> {
    log_entry::standing(craving.withdrawn_at)?;
    let revision = log_entry::next(craving.revision, id, craving.id)?;
    let CorrectionDraft { reason, craving: draft } = correction.clone();
    let kept = Revision { id, revision, received_at: now, reason, craving: draft.clone() };
    let Told { at, day, clock_suspect } =
        Told::corrected(draft.occurred_at, &draft.time_zone, craving.entry_time(), now);
    let outcome = draft.outcome.or(craving.draft.outcome);
    let corrected = Craving {
        draft: CravingDraft { outcome, ..draft },
        written_outcome: outcome,
        local_day: day,
        clock_suspect,
        outcome_at: outcome.map(|_| told.iter().map(|one| one.at()).fold(at, Moment::max)),
        revision,
        ..craving.clone()
    };
    let kept = log_entry::kept(craving.revision, || craving.first_revision(), kept);
    Ok((corrected.peaked(), kept))
}

/// Withdraws an entry; it counts in nothing any more. Done twice, the first time stands.
#[must_use]
pub fn withdraw(craving: &Craving, now: Moment) -> Craving {
    Craving { withdrawn_at: log_entry::withdrawn(craving.withdrawn_at, now), ..craving.clone() }
}

#[cfg(test)]
pub(crate) mod tests;
